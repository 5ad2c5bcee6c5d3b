namespace MlSystem.Training.Tabular.Features;

/// <summary>Rows to learn from or to be judged on.</summary>
/// <param name="StartScores">What boosting or descent starts from, rows × outputs; null: from nothing.</param>
internal sealed record TrainingSet(FeatureRows Features, TargetColumn Targets, double[]? StartScores = null)
{
    public int Rows => Features.Rows;

    public TrainingSet Select(int[] rows)
    {
        var outputs = StartScores is null ? 0 : StartScores.Length / Rows;
        return new TrainingSet(
            Features.Select(rows),
            Targets.Select(rows),
            StartScores is null ? null : [.. rows.SelectMany(r => StartScores[(r * outputs)..((r + 1) * outputs)])]);
    }
}

/// <summary>What is to be predicted.</summary>
/// <param name="Classes">Number of classes; 0 for regression.</param>
/// <param name="Positions">Class of each row, from 0; null for regression.</param>
/// <param name="Values">Transformed and standardised target of each row; null for classification.</param>
/// <param name="Weights">Weight of each row in the loss; null: all 1.</param>
internal sealed record TargetColumn(int Classes, int[]? Positions, float[]? Values, float[]? Weights)
{
    /// <summary>Scores that a model of this target gives for a row.</summary>
    public int Outputs => Classes > 2 ? Classes : 1;

    public float[] AsFloats() => Values ?? Array.ConvertAll(Positions!, p => (float)p);

    public double Weight(int row) => Weights is null ? 1 : Weights[row];

    public TargetColumn Select(int[] rows) => this with
    {
        Positions = Positions is null ? null : Array.ConvertAll(rows, r => Positions[r]),
        Values = Values is null ? null : Array.ConvertAll(rows, r => Values[r]),
        Weights = Weights is null ? null : Array.ConvertAll(rows, r => Weights[r]),
    };
}
