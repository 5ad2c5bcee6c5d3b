using System.Text.Json;
using System.Text.RegularExpressions;
using MlSystem.Training.Pipelines.Reading;

namespace MlSystem.Training.Pipelines;

/// <summary>Reads a pipeline's JSON as a whole: every error at once, unknown keys refused.</summary>
public static partial class PipelineReader
{
    /// <summary>The definition, or null when there is at least one error.</summary>
    /// <param name="name">The name in the address, which the document may repeat or leave out; null when the document must name itself.</param>
    /// <param name="now">A schedule needs a time behind it.</param>
    public static (PipelineDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(JsonElement document, string? name = null, DateTimeOffset now = default)
    {
        List<DefinitionError> errors = [];
        var root = new Section(document, "$", errors);
        var definition = new PipelineDefinition
        {
            Name = ReadName(root, name),
            Description = root.Text("description"),
            Source = SourceReader.Read(root.RequiredObject("source")),
            Validation = ValidationReader.Read(root.Object("validation")),
            Split = SplitReader.Read(root.Object("split")),
            Trainer = TrainerReader.Read(root.RequiredObject("trainer")),
            Tuning = TuningReader.Read(root.Object("tuning")),
            Evaluation = EvaluationReader.Read(root.Object("evaluation")),
            Gate = GateReader.Read(root.Object("gate")),
            Register = RegisterReader.Read(root.RequiredObject("register")),
            Execution = ExecutionReader.Read(root.Object("execution")),
            Triggers = TriggerReader.Read(root, root.Text("name", name) ?? "", now),
            Budget = TriggerReader.ReadBudget(root.Object("budget")),
        };
        root.RefuseUnknown();
        CrossChecks.Check(definition, errors);
        return errors.Count == 0 ? (definition, errors) : (null, errors);
    }

    private static string ReadName(Section root, string? address)
    {
        var name = address is null ? root.RequiredText("name") : root.Text("name", address)!;
        if (name.Length > 0 && !NamePattern().IsMatch(name))
        {
            root.Error("name", $"must be 1 to 63 of a-z, 0-9, '_' and '-', beginning with a letter, not '{name}'");
        }

        if (address is not null && name != address)
        {
            root.Error("name", $"is '{name}', but the address says '{address}'");
        }

        return name;
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,62}$", RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();
}
