namespace MlSystem.Training.Tabular;

/// <summary>Training data that no model can be trained on: the message names the column and the reason.</summary>
public sealed class TrainingDataException(string? column, string reason)
    : Exception(column is null ? $"Training data: {reason}." : $"Column '{column}': {reason}.")
{
    /// <summary>The column at fault; null when it is the data as a whole.</summary>
    public string? Column { get; } = column;

    public string Reason { get; } = reason;
}
