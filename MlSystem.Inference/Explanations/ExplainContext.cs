using MlSystem.Inference.Explanations.Backgrounds;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Explanations;

/// <summary>One explain request with everything that the methods need.</summary>
internal sealed class ExplainContext
{
    public ExplainContext(LoadedVersion version, RawTable rows, ExplainParameters parameters, ExplanationOptions options, Deadline deadline)
    {
        Version = version;
        Rows = rows;
        Parameters = parameters;
        Options = options;
        Deadline = deadline;
        Columns = RawColumn.Of(rows);
        Output = ExplainedOutput.Choose(version, parameters.Output, parameters.Class);
    }

    public LoadedVersion Version { get; }

    public RawTable Rows { get; }

    public ExplainParameters Parameters { get; }

    public ExplanationOptions Options { get; }

    public Deadline Deadline { get; }

    public IReadOnlyList<RawColumn> Columns { get; }

    public ExplainedOutput Output { get; }

    public int BackgroundSize => Parameters.BackgroundSize ?? Options.BackgroundSize;

    /// <exception cref="InferenceException">The request's rows are not right, or it has none and the version no baseline.</exception>
    public Background ReadBackground() => Parameters.Background is { } read
        ? Background.OfRows(Bounded(read(Rows)), Columns)
        : Background.OfBaseline(Version, Rows, Columns);

    public ModelEvaluator Evaluator(ExplainedOutput output) => new(Version, output, Deadline, Options.BatchRows, Options.MaxEvaluations);

    /// <summary>The explained output in the scale that methods for any model use.</summary>
    /// <exception cref="InferenceException">Only probabilities have log-odds.</exception>
    public (ExplainedOutput Output, string Scale) Scaled()
    {
        var scale = Parameters.Scale ?? ExplainScales.Output;
        if (scale == ExplainScales.Raw && !Output.IsProbability)
        {
            throw InferenceException.Invalid($"scale 'raw' by a method for any model is the log-odds of a probability; output '{Output.Info.Name}' is none: use scale 'output'");
        }

        return (Output with { LogOdds = scale == ExplainScales.Raw }, scale);
    }

    /// <summary>Completes a row's explanation from its columns' contributions.</summary>
    public RowExplanation Explain(int row, string? className, double baseValue, double value, ReadOnlySpan<double> contributions, ReadOnlySpan<double> coefficients = default)
    {
        var all = new ColumnContribution[Columns.Count];
        var sum = baseValue;
        for (var c = 0; c < all.Length; c++)
        {
            sum += contributions[c];
            all[c] = new ColumnContribution(Columns[c].Name, ValueOf(row, Columns[c]), contributions[c], coefficients.IsEmpty || double.IsNaN(coefficients[c]) ? null : coefficients[c]);
        }

        var kept = Parameters.TopK is { } top ? [.. all.OrderByDescending(c => Math.Abs(c.Contribution)).Take(top)] : all;
        return new RowExplanation
        {
            Row = row,
            Class = className,
            BaseValue = baseValue,
            Value = value,
            Contributions = kept,
            Others = kept.Length < all.Length ? all.Sum(c => c.Contribution) - kept.Sum(c => c.Contribution) : null,
            Residual = sum - value,
        };
    }

    private RawTable Bounded(RawTable rows) => rows.Rows <= Options.MaxBackgroundRows
        ? rows
        : throw InferenceException.Invalid($"the background has {rows.Rows} rows, at most {Options.MaxBackgroundRows} are allowed");

    private object? ValueOf(int row, RawColumn column)
    {
        var input = column.In(Rows);
        if (input.IsText)
        {
            return input.Text(row, column.Element) is { Length: > 0 } text ? System.Text.Encoding.UTF8.GetString(text) : null;
        }

        var number = input.Number(row, column.Element);
        return double.IsNaN(number) ? null : input.Info.Datatype == Datatype.Bool ? number != 0 : number;
    }
}
