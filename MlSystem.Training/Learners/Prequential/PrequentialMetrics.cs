using MlSystem.Contracts;

namespace MlSystem.Training.Learners.Prequential;

/// <summary>
/// Test-then-train metrics (Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", 2013): each row is
/// predicted before it is learnt. Over all rows, over a sliding window, and fading (a row weighs 0.999 of the next one).
/// </summary>
internal sealed class PrequentialMetrics(string task, int window)
{
    /// <summary>Weight of a row relative to the one behind it.</summary>
    public const double Fading = 0.999;

    /// <summary>Probabilities are cut to this distance from 0 and 1 in the log-loss.</summary>
    private const double LeastProbability = 1e-15;

    private readonly bool _classifies = task == ModelTask.BinaryClassification;
    private readonly float[] _scores = new float[window];
    private readonly float[] _labels = new float[window];
    private double _loss;
    private double _hits;
    private double _fadingLoss;
    private double _fadingHits;
    private double _fadingWeight;

    /// <summary>Rows so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Names of the metrics of a task.</summary>
    public static IReadOnlyList<string> Names(string task) =>
        task == ModelTask.BinaryClassification ? ["log_loss", "accuracy", "auc", "positive_share"] : ["rmse", "mae"];

    /// <returns>What a drift detector watches, 0 to 1: whether the class was wrong; for regression the caller scales <c>|error|</c>.</returns>
    public double Add(double prediction, double label)
    {
        _scores[Rows % window] = (float)prediction;
        _labels[Rows % window] = (float)label;
        Rows++;
        var (loss, hit) = _classifies ? (LogLoss(prediction, label), Hit(prediction, label)) : (Square(prediction - label), Math.Abs(prediction - label));
        _loss += loss;
        _hits += hit;
        _fadingLoss = (_fadingLoss * Fading) + loss;
        _fadingHits = (_fadingHits * Fading) + hit;
        _fadingWeight = (_fadingWeight * Fading) + 1;
        return _classifies ? 1 - hit : hit;
    }

    /// <summary>Over all rows; no AUC, which a stream does not give exactly.</summary>
    public IReadOnlyDictionary<string, double> Overall() => Two(_loss, _hits, Rows);

    public IReadOnlyDictionary<string, double> Faded() => Two(_fadingLoss, _fadingHits, _fadingWeight);

    /// <summary>Over the newest rows, at most the window.</summary>
    public IReadOnlyDictionary<string, double> Windowed()
    {
        var count = (int)Math.Min(Rows, window);
        var scores = _scores.AsSpan(0, count);
        var labels = _labels.AsSpan(0, count);
        double loss = 0, hits = 0, positives = 0;
        for (var i = 0; i < count; i++)
        {
            loss += _classifies ? LogLoss(scores[i], labels[i]) : Square((double)scores[i] - labels[i]);
            hits += _classifies ? Hit(scores[i], labels[i]) : Math.Abs((double)scores[i] - labels[i]);
            positives += labels[i];
        }

        var metrics = Two(loss, hits, count);
        if (_classifies && count > 0)
        {
            metrics["positive_share"] = positives / count;
            if (WindowAuc.Of(scores, labels) is { } auc)
            {
                metrics["auc"] = auc;
            }
        }

        return metrics;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Rows);
        foreach (var value in (double[])[_loss, _hits, _fadingLoss, _fadingHits, _fadingWeight])
        {
            writer.Write(value);
        }

        for (var i = 0; i < Math.Min(Rows, window); i++)
        {
            writer.Write(_scores[i]);
            writer.Write(_labels[i]);
        }
    }

    public void Read(BinaryReader reader)
    {
        Rows = reader.ReadInt64();
        (_loss, _hits, _fadingLoss, _fadingHits, _fadingWeight) =
            (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        for (var i = 0; i < Math.Min(Rows, window); i++)
        {
            (_scores[i], _labels[i]) = (reader.ReadSingle(), reader.ReadSingle());
        }
    }

    private SortedDictionary<string, double> Two(double loss, double hits, double weight) => weight == 0
        ? new(StringComparer.Ordinal)
        : new(StringComparer.Ordinal)
        {
            [_classifies ? "log_loss" : "rmse"] = _classifies ? loss / weight : Math.Sqrt(loss / weight),
            [_classifies ? "accuracy" : "mae"] = hits / weight,
        };

    private static double LogLoss(double probability, double label)
    {
        var p = Math.Clamp(probability, LeastProbability, 1 - LeastProbability);
        return label > 0.5 ? -Math.Log(p) : -Math.Log(1 - p);
    }

    private static double Hit(double probability, double label) => probability >= 0.5 == label > 0.5 ? 1 : 0;

    private static double Square(double error) => error * error;
}
