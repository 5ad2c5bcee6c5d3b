using MlSystem.Contracts;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Tabular;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Gates;

/// <summary>A model on the held-out rows: what comparisons and slices are made of.</summary>
internal abstract class ScoredRows
{
    /// <summary>Loss of each unit of comparison: a row, or a user.</summary>
    public abstract IReadOnlyList<double> Losses { get; }

    /// <summary>What kind of loss.</summary>
    public abstract string LossName { get; }

    /// <summary>Units of comparison.</summary>
    public int Units => Losses.Count;

    /// <summary>A metric over some of the rows; null where they do not define it.</summary>
    public abstract double? Metric(string name, IReadOnlyList<int> rows);
}

/// <summary>A model of a family that scores rows only as a whole: each set of rows is scored anew.</summary>
internal sealed class FamilyScoredRows(ITrainerFamily family, ScoringJob job, CancellationToken cancellationToken) : ScoredRows
{
    public override IReadOnlyList<double> Losses { get; } = family.Losses(job, cancellationToken).Values;

    public override string LossName => "loss";

    public override double? Metric(string name, IReadOnlyList<int> rows)
    {
        try
        {
            return rows.Count > 0 && family.Evaluate(job with { Rows = job.Rows.Select(rows) }, cancellationToken).Metrics.TryGetValue(name, out var value) ? value : null;
        }
        catch (ScoringException)
        {
            return null;
        }
    }
}

/// <summary>A tabular model's predictions beside the labels, which may be drawn from again and again.</summary>
internal sealed class TabularScoredRows : ScoredRows
{
    private readonly string _task;
    private readonly IReadOnlyList<string> _labels;
    private readonly TabularPredictions _predictions;
    private readonly TabularFrame _frame;

    /// <exception cref="ScoringException">A label is not among the model's classes, or the model is of another task.</exception>
    public TabularScoredRows(string task, IReadOnlyList<string> labels, TabularPredictions predictions)
    {
        (_task, _labels, _predictions) = (task, labels, predictions);
        if (predictions.Classes.Count == 0 != (task == ModelTask.Regression))
        {
            throw new ScoringException(predictions.Classes.Count == 0 ? "The model predicts numbers, not classes." : "The model predicts classes, not numbers.");
        }

        Losses = RowLosses.Of(predictions, labels);
        _frame = Frame(labels);
    }

    /// <summary>Loss of each row: log-loss in nats, or the squared error.</summary>
    public override IReadOnlyList<double> Losses { get; }

    public override string LossName => _task == ModelTask.Regression ? "squared_error" : "log_loss";

    /// <summary>Whether the likeliest class is another than the label, for each row; of classification only.</summary>
    public IReadOnlyList<bool> Wrong => [.. _labels.Zip(_predictions.Labels, (label, predicted) => label != predicted)];

    /// <summary>Whether each row is of the second of two classes.</summary>
    public IReadOnlyList<bool> Positive => [.. _labels.Select(l => l == _predictions.Classes[1])];

    /// <summary>Probability of the second of two classes, for each row.</summary>
    public IReadOnlyList<float> PositiveScores => _predictions.ProbabilityOf(1);

    /// <summary>A metric over some of the rows, which may repeat; null where they do not define it.</summary>
    public override double? Metric(string name, IReadOnlyList<int> rows)
    {
        if (rows.Count == 0)
        {
            return null;
        }

        var classes = _predictions.Classes.Count;
        var chosen = new TabularPredictions
        {
            Classes = _predictions.Classes,
            Labels = classes == 0 ? [] : [.. rows.Select(r => _predictions.Labels[r])],
            Probabilities = [.. rows.SelectMany(r => _predictions.Probabilities.Skip(r * classes).Take(classes))],
            Values = classes == 0 ? [.. rows.Select(r => _predictions.Values[r])] : [],
        };
        return TabularMetrics.Evaluate(_frame.Select(rows), chosen).TryGetValue(name, out var value) ? value : null;
    }

    /// <summary>Labels alone, as the metrics take them.</summary>
    private TabularFrame Frame(IReadOnlyList<string> labels)
    {
        const string Row = "row";
        var schema = new TabularSchema { Task = _task, Columns = [new TabularColumn(Row, TabularColumnKind.Numeric)] };
        var columns = new Dictionary<string, IReadOnlyList<string?>>(StringComparer.Ordinal) { [Row] = [.. labels.Select(_ => "0")], [Steps.Joining.Label] = labels };
        return TabularFrame.Parse(schema, columns, Steps.Joining.Label);
    }
}
