namespace MlSystem.Quality.Suites;

/// <summary>All suites, in the order of the report.</summary>
internal static class SuiteList
{
    public static IReadOnlyList<IQualitySuite> All { get; } =
    [
        new Ratings.RatingsSuite(),
        new Implicit.ImplicitSuite(),
        new Online.OnlineSuite(),
        new Detectors.DetectorsSuite(),
        new Tabular.TabularSuite(),
    ];
}
