using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Explanations;

/// <summary>Settings of explanations: section <c>Inference:Explanations</c>.</summary>
public sealed class ExplanationOptions
{
    /// <summary>Explanations computed at once in the process, 1 to 1,024; others wait within their deadline. Default 2.</summary>
    [Range(1, 1024)]
    public int MaxConcurrency { get; set; } = 2;

    /// <summary>Threads that one exact explanation computes on, 1 to 256; default half the processors, so that predictions keep the rest.</summary>
    [Range(1, 256)]
    public int Threads { get; set; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Rows that one request may explain (permutation importance: rows of its data set), default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxRows { get; set; } = 10_000;

    /// <summary>Largest <c>samples</c>, default 100,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxSamples { get; set; } = 100_000;

    /// <summary>Most background rows, sent or drawn, default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxBackgroundRows { get; set; } = 10_000;

    /// <summary>Background rows drawn from the baseline where the request does not say, default 100.</summary>
    [Range(1, 10_000)]
    public int BackgroundSize { get; set; } = 100;

    /// <summary>Rows that the model is run on for one request at most, default 20,000,000.</summary>
    [Range(1, long.MaxValue)]
    public long MaxEvaluations { get; set; } = 20_000_000;

    /// <summary>Perturbed rows in one run of the model, 1 to 1,000,000; default 1,024.</summary>
    [Range(1, 1_000_000)]
    public int BatchRows { get; set; } = 1024;
}
