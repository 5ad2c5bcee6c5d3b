namespace MlSystem.FeatureStore.Quality;

/// <summary>A value that came in although a rule warns of it.</summary>
/// <param name="Row">Of JSON columns from 0; of files the line on which the row begins, or its number from 1.</param>
public sealed record RuleWarning(string FeatureView, int Row, string Feature, string Message);

/// <summary>Breaches of rules that only warn, while rows are read: all are counted, some are told.</summary>
public sealed class RuleWarnings
{
    private const int Told = 100;
    private readonly List<RuleWarning> _warnings = [];

    public long Count { get; private set; }

    /// <summary>The first 100.</summary>
    public IReadOnlyList<RuleWarning> Warnings => _warnings;

    public void Add(string view, int row, RuleBreach breach)
    {
        Count++;
        if (_warnings.Count < Told)
        {
            _warnings.Add(new RuleWarning(view, row, breach.Feature, breach.Message));
        }
    }
}
