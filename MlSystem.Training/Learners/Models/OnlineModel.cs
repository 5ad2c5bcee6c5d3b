using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Learners.Models;

/// <summary>A model that learns from one row at a time. Not safe for several threads.</summary>
internal abstract class OnlineModel
{
    /// <summary>Predicts first, then learns.</summary>
    /// <returns>The prediction before learning: probability of the second class, or the value.</returns>
    /// <exception cref="LearnerDivergedException">The prediction is no finite number; nothing was learnt.</exception>
    public abstract double TestThenTrain(LearnerRow row);

    /// <summary>Predicts only.</summary>
    public abstract double Predict(LearnerRow row);

    /// <summary>Forgets all weights, but not the columns' statistics.</summary>
    public abstract void Reset();

    /// <summary>Lets the model move as fast again as it did when it had seen a tenth of its rows.</summary>
    public abstract void Quicken();

    public abstract void Write(BinaryWriter writer);

    public abstract void Read(BinaryReader reader);
}

/// <summary>A learner's prediction is no finite number any more.</summary>
internal sealed class LearnerDivergedException(string message) : Exception(message);
