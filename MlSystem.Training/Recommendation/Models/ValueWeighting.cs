using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Models;

/// <summary>What the value of an interaction counts for where feedback is implicit.</summary>
public enum ValueWeighting
{
    /// <summary>Each interaction counts 1, whatever its value.</summary>
    Binary,

    /// <summary>The value itself; it must not be negative.</summary>
    Linear,

    /// <summary>log(1 + value), for counts of events.</summary>
    Log,
}

public static class ValueWeightings
{
    public static float Of(this ValueWeighting weighting, float value) => weighting switch
    {
        ValueWeighting.Linear => value,
        ValueWeighting.Log => MathF.Log(1 + value),
        _ => 1,
    };

    /// <exception cref="Tabular.TrainingDataException">A negative value where values count.</exception>
    public static SparseMatrix Apply(this ValueWeighting weighting, SparseMatrix matrix) =>
        weighting != ValueWeighting.Binary && Array.Exists(matrix.Values, v => v < 0)
            ? throw new Tabular.TrainingDataException("value", $"is negative, which '{weighting}' weighting can't use")
            : matrix.WithValues(Array.ConvertAll(matrix.Values, v => weighting.Of(v)));
}
