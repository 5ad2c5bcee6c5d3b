using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>The newest versions of the pipelines that have triggers. Versions are only ever added, so their number tells whether to read again.</summary>
public sealed class TriggerPipelines(IDbContextFactory<TrainingContext> contexts, PipelineStore pipelines)
{
    private volatile Known _known = new(-1, []);

    public async Task<IReadOnlyList<PipelineView>> AllAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var versions = await context.Pipelines.CountAsync(cancellationToken);
        if (_known.Versions != versions)
        {
            _known = new Known(versions, [.. (await pipelines.AllAsync(cancellationToken)).Where(p => p.Definition.Triggers.Count > 0)]);
        }

        return _known.Pipelines;
    }

    private sealed record Known(int Versions, IReadOnlyList<PipelineView> Pipelines);
}
