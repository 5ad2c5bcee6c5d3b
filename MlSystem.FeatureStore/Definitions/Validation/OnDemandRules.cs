using MlSystem.FeatureStore.OnDemand;
using MlSystem.FeatureStore.OnDemand.Language;

namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>On-demand feature views, and expressions elsewhere.</summary>
public static class OnDemandRules
{
    public static void Check(DefinitionScope scope, string path, OnDemandFeatureViewDefinition view)
    {
        if (view.Features.Count == 0)
        {
            scope.Error($"{path}.features", "An on-demand feature view needs at least one feature.");
        }

        var names = view.Features.Select(feature => feature.Name).ToArray();
        NameRules.CheckFields(scope, $"{path}.features", view.Features.Select(feature => (feature.Name, feature.Datatype)));
        NameRules.CheckDistinct(scope, $"{path}.features", names);
        ViewRules.CheckSensitive(scope, path, view.SensitiveColumns, names);
        var inputs = Inputs(scope, path, view);
        foreach (var (feature, message) in OnDemandCompiler.Compile(view.Features, inputs).Errors)
        {
            scope.Error($"{path}.features[{feature}].expression", message);
        }
    }

    /// <summary>All columns of a view's sources.</summary>
    public static IReadOnlyList<OnDemandInput> Inputs(DefinitionScope scope, OnDemandFeatureViewDefinition view) => Inputs(scope, null, view);

    public static void CheckFilter(DefinitionScope scope, string path, string expression, IReadOnlyList<Field> columns)
    {
        try
        {
            OnDemandCompiler.CompileFilter(expression, columns);
        }
        catch (ExpressionException error)
        {
            scope.Error(path, error.Message);
        }
    }

    private static List<OnDemandInput> Inputs(DefinitionScope scope, string? path, OnDemandFeatureViewDefinition view)
    {
        var inputs = new List<OnDemandInput>();
        for (var i = 0; i < view.Sources.Count; i++)
        {
            var name = view.Sources[i];
            var found = scope.Views.GetValueOrDefault(name) is { Kind: not DefinitionKind.OnDemandFeatureView } shape ? shape : null;
            var source = scope.Sources.GetValueOrDefault(name) is { Kind: SourceKind.Request } request ? request : null;
            if (found is null == source is null)
            {
                Report(scope, path, i, found is null
                    ? $"There is no feature view, stream feature view or request source '{name}'."
                    : $"'{name}' is the name of a view and of a request source; rename one of them.");
            }

            inputs.AddRange(found is not null
                ? found.Features.Select(field => new OnDemandInput(name, false, field))
                : DefinitionScope.Fields(source?.Columns).Select(field => new OnDemandInput(name, true, field)));
        }

        foreach (var twice in view.Sources.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            Report(scope, path, view.Sources.ToList().LastIndexOf(twice.Key), $"'{twice.Key}' is there twice.");
        }

        return inputs;
    }

    private static void Report(DefinitionScope scope, string? path, int index, string message)
    {
        if (path is not null)
        {
            scope.Error($"{path}.sources[{index}]", message);
        }
    }
}
