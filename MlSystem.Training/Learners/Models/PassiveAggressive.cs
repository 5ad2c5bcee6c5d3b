namespace MlSystem.Training.Learners.Models;

/// <summary>
/// Passive-aggressive classification (hinge loss) and regression (ε-insensitive loss), PA-I and PA-II (Crammer et al.,
/// "Online Passive-Aggressive Algorithms", JMLR 2006, figures 1 and 2).
/// </summary>
/// <param name="c">Aggressiveness C, above 0; a row's weight multiplies it.</param>
/// <param name="epsilon">Regression: error that is no loss, in units of the (standardised) label.</param>
internal sealed class PassiveAggressive(int size, bool classifies, bool squared, double c, double epsilon) : LinearRule(size)
{
    public override void Learn(int[] slots, double[] values, double margin, double label, double weight)
    {
        var sign = classifies ? (label > 0.5 ? 1 : -1) : Math.Sign(label - margin);
        var loss = classifies ? Math.Max(0, 1 - (sign * margin)) : Math.Max(0, Math.Abs(label - margin) - epsilon);
        if (loss == 0)
        {
            return;
        }

        var norm = 0.0;
        foreach (var value in values)
        {
            norm += value * value;
        }

        var step = squared ? loss / (norm + (1 / (2 * c * weight))) : Math.Min(c * weight, loss / norm);
        for (var i = 0; i < slots.Length; i++)
        {
            W[slots[i]] += step * sign * values[i];
        }
    }

    public override void Write(BinaryWriter writer) => WriteSparse(writer, W);

    public override void Read(BinaryReader reader) => ReadSparse(reader, W);
}
