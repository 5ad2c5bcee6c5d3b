using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Training.Trainers;

/// <summary>What can be trained, over HTTP.</summary>
public static class TrainerEndpoints
{
    public static IEndpointRouteBuilder MapTrainers(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/trainers", List).WithTags("Trainers");
        return routes;
    }

    private static Ok<TrainerList> List() => TypedResults.Ok(new TrainerList(
        [.. TrainerCatalog.Families.SelectMany(f => f.Kinds).Select(TrainerView.Of)], [.. TrainerCatalog.Families.SelectMany(f => f.Tasks)]));
}

/// <summary>Every trainer and every task.</summary>
public sealed record TrainerList(IReadOnlyList<TrainerView> Trainers, IReadOnlyList<TrainerTask> Tasks);

/// <summary>A trainer with its tasks and parameters.</summary>
public sealed record TrainerView(string Kind, IReadOnlyList<string> Tasks, IReadOnlyList<ParameterView> Parameters)
{
    internal static TrainerView Of(TrainerKind kind) =>
        new(kind.Name, kind.Tasks, [.. kind.Parameters.Select(p => new ParameterView(p.Name, p.Type, p.Allowed, p.Default))]);
}

/// <summary>A parameter: its type, range in words and default.</summary>
/// <param name="Default">Absent where it depends on the data.</param>
public sealed record ParameterView(string Name, ParameterType Type, string Allowed, ParameterValue? Default);
