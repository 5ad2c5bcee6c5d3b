using MlSystem.Contracts;
using MlSystem.Training.Detectors;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;
using MlSystem.Training.Learners.Models;
using MlSystem.Training.Learners.Prequential;

namespace MlSystem.Training.Learners;

/// <summary>
/// A learner without any I/O: model, prequential metrics, drift detector and a sample of recent rows. The same rows in the
/// same order give the same state, byte for byte, however often it was written and read in between. Not safe for several threads.
/// </summary>
internal sealed class OnlineLearner
{
    private const int FormatVersion = 1;

    private readonly LearnerDefinition _definition;
    private readonly IDriftDetector _detector;
    private readonly RunningScale _labels = new();

    public OnlineLearner(LearnerDefinition definition)
    {
        _definition = definition;
        Model = definition.Kind == LearnerKind.MatrixFactorization ? new FactorModel(definition) : new LinearOnlineModel(definition);
        Metrics = new PrequentialMetrics(definition.Task, definition.MetricWindow);
        Recent = new RecentRows(definition.Features.Numeric.Count, definition.Features.Categorical.Count);
        _detector = definition.Drift.Detector == LearnerDrift.Adwin
            ? new Adwin(definition.Drift.Delta, definition.Drift.Clock)
            : new PageHinkley(definition.Drift.Tolerance, definition.Drift.Threshold);
    }

    public OnlineModel Model { get; }

    public PrequentialMetrics Metrics { get; }

    /// <summary>The newest rows and their predictions, for baselines.</summary>
    public RecentRows Recent { get; }

    /// <summary>Rises of the loss so far.</summary>
    public long Drifts { get; private set; }

    /// <summary>Rows after which the newest rise was certain; 0: none yet.</summary>
    public long LastDriftAt { get; private set; }

    public LearnerRow NewRow() => new(_definition.Features.Numeric.Count, _definition.Features.Categorical.Count);

    /// <summary>Predicts, scores the prediction, learns, and reacts where the loss has risen.</summary>
    /// <returns>The prediction before learning.</returns>
    public double Take(LearnerRow row)
    {
        var prediction = Model.TestThenTrain(row);
        Recent.Add(row, prediction);
        var loss = Metrics.Add(prediction, row.Label);
        if (_definition.Task == ModelTask.Regression)
        {
            // A detector wants [0, 1]: half is an error as large as the label's deviation.
            _labels.Add(row.Label);
            loss = loss == 0 ? 0 : loss / (loss + _labels.Deviation);
        }

        if (_detector.Add(loss) == DriftSign.Rise)
        {
            Drifts++;
            LastDriftAt = Metrics.Rows;
            React();
        }

        return prediction;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(FormatVersion);
        Model.Write(writer);
        Metrics.Write(writer);
        Recent.Write(writer);
        _detector.Write(writer);
        _labels.Write(writer);
        writer.Write(Drifts);
        writer.Write(LastDriftAt);
    }

    /// <exception cref="InvalidDataException">It is the state of another format or shape.</exception>
    public void Read(BinaryReader reader)
    {
        if (reader.ReadInt32() is var version && version != FormatVersion)
        {
            throw new InvalidDataException($"The stored state has format {version}; this program reads {FormatVersion}.");
        }

        Model.Read(reader);
        Metrics.Read(reader);
        Recent.Read(reader);
        _detector.Read(reader);
        _labels.Read(reader);
        Drifts = reader.ReadInt64();
        LastDriftAt = reader.ReadInt64();
    }

    public byte[] Serialize()
    {
        using var buffer = new MemoryStream();
        using (var writer = new BinaryWriter(buffer))
        {
            Write(writer);
        }

        return buffer.ToArray();
    }

    public void Deserialize(byte[] state)
    {
        using var reader = new BinaryReader(new MemoryStream(state));
        Read(reader);
    }

    /// <summary>The model alone: what a snapshot keeps for rollbacks and warm starts.</summary>
    public byte[] SerializeModel()
    {
        using var buffer = new MemoryStream();
        using (var writer = new BinaryWriter(buffer))
        {
            writer.Write(FormatVersion);
            Model.Write(writer);
        }

        return buffer.ToArray();
    }

    /// <summary>Takes a snapshot's weights and column statistics; metrics, detector and rows go on.</summary>
    /// <exception cref="InvalidDataException">It is the model of another format or shape.</exception>
    public void DeserializeModel(byte[] model)
    {
        using var reader = new BinaryReader(new MemoryStream(model));
        if (reader.ReadInt32() != FormatVersion)
        {
            throw new InvalidDataException("The stored model has another format.");
        }

        Model.Read(reader);
    }

    private void React()
    {
        if (_definition.Drift.Action == LearnerDrift.Reset)
        {
            Model.Reset();
        }
        else if (_definition.Drift.Action == LearnerDrift.Faster)
        {
            Model.Quicken();
        }
    }
}
