namespace MlSystem.Training.Samples;

/// <summary>What a sample consists of: <c>sample.json</c> in its folder.</summary>
public sealed record SampleManifest
{
    public required string Description { get; init; }

    /// <summary>File with the body of <c>POST /api/apply</c>.</summary>
    public required string Definitions { get; init; }

    /// <summary>Rows to ingest.</summary>
    public required IReadOnlyList<SampleRows> Rows { get; init; }

    /// <summary>File with the pipeline's definition.</summary>
    public required string Pipeline { get; init; }
}

/// <summary>Rows of a sample for one feature view.</summary>
public sealed record SampleRows
{
    public required string FeatureView { get; init; }

    /// <summary>CSV file in the sample's folder.</summary>
    public required string File { get; init; }

    /// <summary>Columns of the file that are not the view's, such as the label.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];
}

/// <summary>A sample's run.</summary>
/// <param name="AlreadyDone">Whether the sample was complete before this request, which then did nothing.</param>
/// <param name="State">The run's state.</param>
public sealed record SampleAnswer(string Sample, string RunId, string State, bool AlreadyDone, string Pipeline);

/// <summary>Samples that come with this program.</summary>
public sealed record SampleList(IReadOnlyList<SampleEntry> Samples);

/// <summary>A sample and, once it was asked for, its run.</summary>
public sealed record SampleEntry(string Name, string Description, string? RunId);
