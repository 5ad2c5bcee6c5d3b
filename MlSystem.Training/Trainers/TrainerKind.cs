using System.Text.Json.Serialization;

namespace MlSystem.Training.Trainers;

/// <summary>A trainer that a pipeline can name.</summary>
/// <param name="Name">What <c>trainer.kind</c> says.</param>
/// <param name="Tasks">Names of the tasks that it does.</param>
public sealed record TrainerKind(string Name, IReadOnlyList<string> Tasks, IReadOnlyList<TrainerParameter> Parameters);

/// <summary>What the labels of a task are.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabelType>))]
public enum LabelType
{
    /// <summary>Names of classes.</summary>
    [JsonStringEnumMemberName("classes")]
    Classes,

    /// <summary>Finite numbers.</summary>
    [JsonStringEnumMemberName("numbers")]
    Numbers,

    /// <summary>Nothing, or a weight that need not vary: that the row exists is the information.</summary>
    [JsonStringEnumMemberName("none")]
    None,
}

/// <summary>A task: what is predicted, and by what it is judged.</summary>
public sealed record TrainerTask(string Name, LabelType Labels, IReadOnlyList<TrainerMetric> Metrics);

/// <summary>A metric by the name that pipelines use.</summary>
public sealed record TrainerMetric(string Name, bool HigherIsBetter);
