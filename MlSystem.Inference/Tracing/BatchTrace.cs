using System.Diagnostics;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Tracing;

/// <summary>
/// The span <c>batch</c> of a run on rows of several requests, or of a part of one that was split. It belongs to no one request: it is a trace
/// of its own with a link to each <c>infer</c> whose rows are in it (OpenTelemetry, "Links between spans": scatter and gather).
/// </summary>
internal static class BatchTrace
{
    /// <summary>The span of the request that is under way here; nothing where nobody listens.</summary>
    public static ActivityContext Here => RequestTrace.Source.HasListeners() && Activity.Current is { } current ? current.Context : default;

    /// <summary>Null where nobody listens or none of the requests is traced.</summary>
    public static Activity? Begin(List<RunPart> parts, VersionKey version, TimeProvider time)
    {
        if (!RequestTrace.Source.HasListeners())
        {
            return null;
        }

        var links = parts.Where(part => part.Request.Trace != default).Select(part => new ActivityLink(part.Request.Trace)).ToList();
        return links.Count == 0 ? null : RequestTrace.Source
            .StartActivity("batch", ActivityKind.Internal, default(ActivityContext), links: links, startTime: time.GetUtcNow())
            ?.SetTag("model", version.Model).SetTag("version", version.Version)
            .SetTag("rows", parts.Sum(part => part.Rows)).SetTag("requests", parts.Count);
    }
}
