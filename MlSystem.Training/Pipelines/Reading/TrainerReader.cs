using MlSystem.Training.Trainers;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>trainer</c>: which trainer, for which task, with which parameters.</summary>
internal static class TrainerReader
{
    public static TrainerSpec Read(Section section)
    {
        var parameters = section.Object("parameters");
        var spec = new TrainerSpec
        {
            Kind = section.OneOf("kind", TrainerCatalog.Kinds),
            Task = section.OneOf("task", TrainerCatalog.Tasks),
            Seed = section.Integer("seed", 0, int.MaxValue) ?? 0,
            Parameters = parameters is null ? new Dictionary<string, double>() : ReadParameters(parameters, section.Text("kind") ?? ""),
        };
        section.RefuseUnknown();
        return spec;
    }

    private static Dictionary<string, double> ReadParameters(Section parameters, string kind)
    {
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (var parameter in TrainerCatalog.Parameters(kind))
        {
            if (parameters.Number(parameter.Name, parameter.Accepts, parameter.Allowed) is { } value)
            {
                values[parameter.Name] = value;
            }
        }

        parameters.RefuseUnknown();
        return values;
    }
}
