using MlSystem.Training.Learners.Definitions;

namespace MlSystem.Training.Learners.Models;

/// <summary>Weights of a linear model and how one row changes them.</summary>
internal abstract class LinearRule(int size)
{
    /// <summary>What is left of the accumulated steps after <see cref="Quicken"/>.</summary>
    protected const double QuickenedShare = 0.1;

    protected double[] W { get; } = new double[size];

    public ReadOnlySpan<double> Weights => W;

    public static LinearRule Of(LearnerDefinition definition, int size) => definition.Kind switch
    {
        LearnerKind.Ftrl => new FtrlProximal(size, definition.Parameter("alpha"), definition.Parameter("beta"), definition.Parameter("l1"), definition.Parameter("l2")),
        LearnerKind.Linear => new AdaGrad(size, definition.Parameter("learning_rate"), definition.Parameter("l2")),
        LearnerKind.PassiveAggressive => new PassiveAggressive(
            size,
            definition.Task == Contracts.ModelTask.BinaryClassification,
            definition.Parameter("variant") is 2,
            definition.Parameter("c"),
            definition.Task == Contracts.ModelTask.BinaryClassification ? 0 : definition.Parameter("epsilon")),
        _ => throw new ArgumentOutOfRangeException(nameof(definition), definition.Kind, "is no linear learner"),
    };

    public double Margin(int[] slots, double[] values)
    {
        var margin = 0.0;
        for (var i = 0; i < slots.Length; i++)
        {
            margin += W[slots[i]] * values[i];
        }

        return margin;
    }

    /// <param name="margin">What <see cref="Margin"/> gave for this row.</param>
    /// <param name="label">0 or 1, or the (standardised) value.</param>
    public abstract void Learn(int[] slots, double[] values, double margin, double label, double weight);

    public virtual void Reset() => Array.Clear(W);

    public virtual void Quicken()
    {
    }

    public abstract void Write(BinaryWriter writer);

    public abstract void Read(BinaryReader reader);

    /// <summary>Writes vectors of equal length, without the slots at which all are 0.</summary>
    protected static void WriteSparse(BinaryWriter writer, params double[][] vectors)
    {
        var used = Enumerable.Range(0, vectors[0].Length).Where(i => Array.Exists(vectors, v => v[i] != 0)).ToList();
        writer.Write(vectors[0].Length);
        writer.Write(used.Count);
        foreach (var slot in used)
        {
            writer.Write(slot);
            Array.ForEach(vectors, v => writer.Write(v[slot]));
        }
    }

    /// <exception cref="InvalidDataException">The vectors have another length.</exception>
    protected static void ReadSparse(BinaryReader reader, params double[][] vectors)
    {
        var size = reader.ReadInt32();
        if (size != vectors[0].Length)
        {
            throw new InvalidDataException($"The stored weights have {size} slots instead of {vectors[0].Length}.");
        }

        Array.ForEach(vectors, v => Array.Clear(v));
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var slot = reader.ReadInt32();
            Array.ForEach(vectors, v => v[slot] = reader.ReadDouble());
        }
    }
}
