namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Rules of feature views.</summary>
public static class RuleRules
{
    public static void Check(DefinitionScope scope, string path, FeatureViewDefinition view)
    {
        foreach (var (index, rule) in (view.Rules ?? []).Index())
        {
            Check(scope, $"{path}.rules[{index}]", view, rule);
        }
    }

    private static void Check(DefinitionScope scope, string path, FeatureViewDefinition view, RuleDefinition rule)
    {
        if (rule.Action is not (RuleDefinition.Warn or RuleDefinition.Block))
        {
            scope.Error($"{path}.action", $"'{rule.Action}' is no action; allowed: {RuleDefinition.Warn} {RuleDefinition.Block}.");
        }

        if (rule is { Min: null, Max: null, AllowedValues: null, MaxNullShare: null, Unique: null })
        {
            scope.Error(path, "A rule needs at least one of min, max, allowed_values, max_null_share and unique.");
        }

        if (rule.Min > rule.Max)
        {
            scope.Error($"{path}.min", "min is greater than max.");
        }

        if (rule.MaxNullShare is < 0 or > 1)
        {
            scope.Error($"{path}.max_null_share", "A share is from 0 to 1.");
        }

        if (rule.AllowedValues is { Count: 0 })
        {
            scope.Error($"{path}.allowed_values", "At least one value is required.");
        }

        if (view.Features.FirstOrDefault(feature => feature.Name == rule.Feature) is not { } feature)
        {
            scope.Error($"{path}.feature", $"There is no feature '{rule.Feature}'.");
        }
        else if (Datatypes.TryParse(feature.Datatype, out var datatype))
        {
            CheckDatatype(scope, path, rule, datatype);
        }
    }

    private static void CheckDatatype(DefinitionScope scope, string path, RuleDefinition rule, Datatype datatype)
    {
        if ((rule.Min ?? rule.Max) is not null && !datatype.IsNumber())
        {
            scope.Error($"{path}.{(rule.Min is null ? "max" : "min")}", $"min and max are for numbers; '{rule.Feature}' is {datatype.Name()}.");
        }

        if (rule.AllowedValues is not null && datatype is not (Datatype.Bytes or Datatype.Int32 or Datatype.Int64 or Datatype.Bool))
        {
            scope.Error($"{path}.allowed_values", $"Allowed values are for BYTES, whole numbers and BOOL; '{rule.Feature}' is {datatype.Name()}.");
        }

        if (rule.Unique == true && datatype.IsList())
        {
            scope.Error($"{path}.unique", $"unique is for single values; '{rule.Feature}' is {datatype.Name()}.");
        }
    }
}
