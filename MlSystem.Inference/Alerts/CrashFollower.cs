using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Alerts;

/// <summary>Takes versions out of rotation whose runs fail one after the other, their own good row among them, and raises an alert for each endpoint that they served.</summary>
internal sealed class CrashFollower : BackgroundService
{
    private readonly EngineHost _engines;
    private readonly ServingState _state;
    private readonly AlertWriter _alerts;
    private readonly TimeProvider _time;
    private readonly int _max;
    private readonly Counter<long> _takenOut;

    public CrashFollower(EngineHost engines, ServingState state, AlertWriter alerts, IOptions<RuntimeOptions> options, IMeterFactory meters, TimeProvider time)
    {
        (_engines, _state, _alerts, _time, _max) = (engines, state, alerts, time, options.Value.MaxCrashes);
        _takenOut = meters.Create(InferenceMetrics.MeterName).CreateCounter<long>(
            "mlsystem_versions_taken_out", unit: null, "Versions taken out of an endpoint's rotation because their runs failed one after the other");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var crash in _engines.Crashes.ReadAllAsync(stoppingToken))
        {
            if (_max > 0 && crash.InARow >= _max)
            {
                TakeOut(crash);
            }
        }
    }

    private void TakeOut(RunCrash crash)
    {
        var key = crash.Version.Key;
        var reason = string.Create(CultureInfo.InvariantCulture, $"out of rotation on this replica: {crash.InARow} runs in a row failed, one because {crash.Reason}; the row that it took when it was loaded fails too");
        foreach (var route in _state.TakeOut(crash.Version, reason))
        {
            _takenOut.Add(1, new("model", route.Name), new("version", crash.Version.VersionText));
            var serving = string.Join(',', route.Live.Select(live => live.Version.Key.ToString()).Distinct(StringComparer.Ordinal));
            var instead = serving.Length == 0 ? "nothing is left to answer" : $"{serving} answers";
            var now = _time.GetUtcNow();
            _alerts.Raise(new AlertEvent
            {
                AlertId = Guid.CreateVersion7(now).ToString(),
                Kind = AlertKind.VersionTakenOut,
                Severity = serving.Length == 0 ? AlertSeverity.Critical : AlertSeverity.Warning,
                Endpoint = route.Name,
                Model = key.Model,
                Version = key.Version,
                Summary = string.Create(CultureInfo.InvariantCulture, $"{key} is out of the rotation of endpoint '{route.Name}' on one replica after {crash.InARow} failed runs in a row; {instead}"),
                Time = now,
                Evidence = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["crashes"] = crash.InARow.ToString(CultureInfo.InvariantCulture),
                    ["reason"] = crash.Reason,
                    ["revision"] = route.Wanted.Revision.ToString(CultureInfo.InvariantCulture),
                    ["serving"] = serving,
                },
            });
        }
    }
}
