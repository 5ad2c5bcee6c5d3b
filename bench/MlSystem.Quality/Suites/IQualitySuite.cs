namespace MlSystem.Quality.Suites;

/// <summary>Trains on public data by one protocol and holds the results against references. A suite has a folder of its own and a line in <see cref="SuiteList"/>.</summary>
public interface IQualitySuite
{
    /// <summary>As the command line names it, in lower case.</summary>
    string Name { get; }

    /// <summary>Data, split rule and what the numbers are, in a sentence or two: it stands in the report.</summary>
    string Protocol { get; }

    Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation);
}
