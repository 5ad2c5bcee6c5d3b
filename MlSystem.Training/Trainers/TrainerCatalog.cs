namespace MlSystem.Training.Trainers;

/// <summary>The trainers that a pipeline can name, their tasks, parameters and metrics.</summary>
public static class TrainerCatalog
{
    /// <summary>All families; a new one is entered here.</summary>
    public static IReadOnlyList<ITrainerFamily> Families { get; } = [new TabularFamily(), new RecommenderFamily()];

    public static IReadOnlyList<string> Kinds { get; } = [.. Families.SelectMany(f => f.Kinds).Select(k => k.Name)];

    public static IReadOnlyList<string> Tasks { get; } = [.. Families.SelectMany(f => f.Tasks).Select(t => t.Name)];

    /// <summary>A trainer, or null when there is none of that name.</summary>
    public static TrainerKind? Kind(string kind) => Families.SelectMany(f => f.Kinds).FirstOrDefault(k => k.Name == kind);

    /// <summary>A task, or null when there is none of that name.</summary>
    public static TrainerTask? Task(string task) => Families.SelectMany(f => f.Tasks).FirstOrDefault(t => t.Name == task);

    /// <exception cref="ArgumentException">There is no such task.</exception>
    public static ITrainerFamily FamilyOf(string task) =>
        Families.FirstOrDefault(f => f.Tasks.Any(t => t.Name == task)) ?? throw new ArgumentException($"There is no task '{task}'.", nameof(task));

    /// <summary>Parameters of a trainer; none of an unknown one.</summary>
    public static IReadOnlyList<TrainerParameter> Parameters(string kind) => Kind(kind)?.Parameters ?? [];

    /// <summary>Metrics of a task; none of an unknown one.</summary>
    public static IReadOnlyList<TrainerMetric> Metrics(string task) => Task(task)?.Metrics ?? [];

    public static bool IsClassification(string task) => Task(task)?.Labels == LabelType.Classes;

    /// <summary>Whether a trainer does a task.</summary>
    public static bool Does(string kind, string task) => Kind(kind)?.Tasks.Contains(task) == true;
}
