namespace MlSystem.Training.Learners.Features;

/// <summary>One labelled row as numbers and texts in the order of the learner's columns; reused from row to row.</summary>
internal sealed class LearnerRow(int numbers, int texts)
{
    /// <summary>NaN for a missing value.</summary>
    public double[] Numbers { get; } = new double[numbers];

    /// <summary>The empty string for a missing value.</summary>
    public string[] Texts { get; } = [.. Enumerable.Repeat("", texts)];

    /// <summary>0 or 1 for a class, else the value.</summary>
    public double Label { get; set; }

    /// <summary>Above 0.</summary>
    public double Weight { get; set; } = 1;
}
