using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Policies;

/// <summary>
/// What one server measures. <c>/metrics</c> would not do for exact numbers: the exporters of all servers in a test process
/// listen to each other's meters, which have the same names.
/// </summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly (string Label, string Value)[] _labels;

    public RecordedMetrics(InferenceServer server, string name, params (string Label, string Value)[] labels)
    {
        _labels = labels;
        var factory = server.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && instrument.Meter.Scope == factory)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Add(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Add(value, tags));
        _listener.Start();
    }

    /// <summary>Sum of what was recorded since this began.</summary>
    public double Sum { get; private set; }

    public void Dispose() => _listener.Dispose();

    /// <summary>Sum of what a counter or gauge shows now.</summary>
    public static double Now(InferenceServer server, string name, params (string Label, string Value)[] labels)
    {
        using var metrics = new RecordedMetrics(server, name, labels);
        metrics._listener.RecordObservableInstruments();
        return metrics.Sum;
    }

    private void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (label, wanted) in _labels)
        {
            var found = false;
            foreach (var tag in tags)
            {
                found |= tag.Key == label && tag.Value as string == wanted;
            }

            if (!found)
            {
                return;
            }
        }

        lock (_lock)
        {
            Sum += value;
        }
    }
}
