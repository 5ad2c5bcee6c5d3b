using System.Globalization;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Learners.Models;

/// <summary>Encoder, weights and update rule of a linear learner, with the link of its task.</summary>
internal sealed class LinearOnlineModel : OnlineModel
{
    private readonly LinearRule _rule;
    private readonly bool _classifies;
    private readonly bool _scalesLabel;

    public LinearOnlineModel(LearnerDefinition definition)
    {
        Encoder = new FeatureEncoder(definition.Features);
        _classifies = definition.Task == Contracts.ModelTask.BinaryClassification;
        _scalesLabel = !_classifies && Encoder.Standardises;
        _rule = LinearRule.Of(definition, Encoder.Size);
    }

    public FeatureEncoder Encoder { get; }

    /// <summary>Mean and deviation of the label; used by regression with standardised columns.</summary>
    public RunningScale LabelScale { get; } = new();

    /// <summary>What a score is multiplied with and what is added to give the value.</summary>
    public (double Slope, double Offset) LabelUnits => _scalesLabel ? (LabelScale.Deviation, LabelScale.Mean) : (1, 0);

    public ReadOnlySpan<double> Weights => _rule.Weights;

    public override double TestThenTrain(LearnerRow row)
    {
        Encoder.Observe(row);
        Encoder.Encode(row);
        var margin = Margin();
        var prediction = Link(margin);
        var label = row.Label;
        if (_scalesLabel)
        {
            LabelScale.Add(label);
            label = (label - LabelScale.Mean) * LabelScale.Inverse;
        }

        _rule.Learn(Encoder.Slots, Encoder.Values, margin, label, row.Weight);
        return prediction;
    }

    public override double Predict(LearnerRow row)
    {
        Encoder.Encode(row);
        return Link(Margin());
    }

    public override void Reset() => _rule.Reset();

    public override void Quicken() => _rule.Quicken();

    public override void Write(BinaryWriter writer)
    {
        Encoder.Write(writer);
        LabelScale.Write(writer);
        _rule.Write(writer);
    }

    public override void Read(BinaryReader reader)
    {
        Encoder.Read(reader);
        LabelScale.Read(reader);
        _rule.Read(reader);
    }

    public static double Sigmoid(double margin) => margin >= 0 ? 1 / (1 + Math.Exp(-margin)) : Math.Exp(margin) / (1 + Math.Exp(margin));

    private double Link(double margin)
    {
        if (_classifies)
        {
            return Sigmoid(margin);
        }

        var (slope, offset) = LabelUnits;
        return (margin * slope) + offset;
    }

    private double Margin()
    {
        var margin = _rule.Margin(Encoder.Slots, Encoder.Values);
        return double.IsFinite(margin) ? margin : throw Diverged();
    }

    private LearnerDivergedException Diverged()
    {
        var weights = _rule.Weights;
        var worst = 0;
        for (var i = 0; i < Encoder.Slots.Length; i++)
        {
            if (!double.IsFinite(weights[Encoder.Slots[i]] * Encoder.Values[i]))
            {
                worst = i;
            }
        }

        return new LearnerDivergedException(string.Create(
            CultureInfo.InvariantCulture,
            $"The prediction is not finite: column '{Encoder.ColumnAt(worst)}' with the value {Encoder.Values[worst]:R} and the weight {weights[Encoder.Slots[worst]]:R}. Use standard scaling or a smaller step."));
    }
}
