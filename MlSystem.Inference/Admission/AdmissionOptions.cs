using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Admission;

/// <summary>Bounds of this replica: section <c>Inference:Admission</c>.</summary>
public sealed class AdmissionOptions
{
    /// <summary>Requests under way in the whole process, from the first byte to the answer, 1 to 1,000,000. Beyond: 503 with Retry-After.</summary>
    [Range(1, 1_000_000)]
    public int MaxRequests { get; set; } = 4096;

    /// <summary>Requests of one endpoint that run at once where its own limits say nothing, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>Requests of one endpoint that wait where its own limits say nothing, 0 to 1,000,000. Beyond: 429 with Retry-After.</summary>
    [Range(0, 1_000_000)]
    public int MaxQueue { get; set; } = 1024;

    /// <summary>Milliseconds for a request where neither it nor its endpoint says a timeout, 1 to 3,600,000.</summary>
    [Range(1, 3_600_000)]
    public int TimeoutMs { get; set; } = 30_000;
}
