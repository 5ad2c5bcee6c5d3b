using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Versions;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Exact;

/// <summary>The exact models of resident versions: each loaded when the first explanation needs it, freed with its version.</summary>
internal sealed class ExactModels : IDisposable
{
    private readonly ConcurrentDictionary<LoadedVersion, Lazy<(ExactModel? Model, string? Problem)>> _models = new();

    public ExactModels(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        meter.CreateObservableGauge("mlsystem_explanation_models_bytes", () => Bytes, unit: null, "Estimated bytes of sessions and tables that explanations keep");
    }

    /// <summary>Estimated memory of all.</summary>
    public long Bytes => _models.Values.Where(model => model.IsValueCreated).Sum(model => model.Value.Model?.Bytes ?? 0);

    /// <summary>The version's exact model, or why it has none.</summary>
    /// <param name="version">The caller holds a lease on it, so that it is not freed while it is used.</param>
    public (ExactModel? Model, string? Problem) Get(LoadedVersion version)
    {
        var own = new Lazy<(ExactModel? Model, string? Problem)>(() => Load(version));
        var found = _models.GetOrAdd(version, own);
        if (ReferenceEquals(found, own))
        {
            _ = version.Freed.ContinueWith(_ => Drop(version), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        return found.Value;
    }

    public void Dispose()
    {
        foreach (var version in _models.Keys)
        {
            Drop(version);
        }
    }

    private static (ExactModel? Model, string? Problem) Load(LoadedVersion version)
    {
        try
        {
            return (ExactModel.Load(version), null);
        }
        catch (OnnxGraphException error)
        {
            return (null, error.Message);
        }
    }

    private void Drop(LoadedVersion version)
    {
        if (_models.TryRemove(version, out var model) && model.IsValueCreated)
        {
            model.Value.Model?.Dispose();
        }
    }
}
