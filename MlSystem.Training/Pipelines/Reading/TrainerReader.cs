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
            Parameters = parameters is null ? new Dictionary<string, ParameterValue>() : ReadParameters(parameters, section.Text("kind") ?? ""),
            WarmStart = section.Object("warm_start") is { } warm ? ReadWarmStart(warm) : null,
        };
        section.RefuseUnknown();
        return spec;
    }

    private static Dictionary<string, ParameterValue> ReadParameters(Section parameters, string kind)
    {
        Dictionary<string, ParameterValue> values = new(StringComparer.Ordinal);
        foreach (var parameter in TrainerCatalog.Parameters(kind))
        {
            if (parameters.Value(parameter.Name) is not { } element)
            {
                continue;
            }

            if (ParameterValue.TryOf(element) is { } value && parameter.Accepts(value))
            {
                values[parameter.Name] = value;
            }
            else
            {
                parameters.Error(parameter.Name, $"must be {parameter.Allowed}, not {element.GetRawText()}");
            }
        }

        parameters.RefuseUnknown();
        return values;
    }

    private static WarmStartSpec ReadWarmStart(Section section)
    {
        var spec = new WarmStartSpec { Alias = section.Text("alias"), Version = (int?)section.Integer("version", 1, int.MaxValue) };
        section.RefuseUnknown();
        if ((spec.Alias is null) == (spec.Version is null))
        {
            section.Error(null, "needs exactly one of alias and version");
        }

        return spec;
    }
}
