using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Tabular;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Joined rows as the tabular trainers take them.</summary>
internal static class Frames
{
    /// <summary>Inputs are the service's features. An integer feature that has missing values becomes FP64, because integer tensors can't hold them.</summary>
    public static TabularSchema Schema(IReadOnlyList<ServiceFeature> features, ValidationReport validation, string task) => new()
    {
        Task = task,
        Columns = [.. features.Select(f => Column(f, validation.MissingShare[f.Name] > 0))],
        Classes = TrainerCatalog.IsClassification(task) ? [.. validation.Classes!.Keys.Order(StringComparer.Ordinal)] : null,
    };

    public static TabularFrame Of(RowTable rows, TabularSchema schema) => TabularFrame.Parse(
        schema, rows.Names.ToDictionary(n => n, n => (IReadOnlyList<string?>)rows[n], StringComparer.Ordinal), rows.Has(Joining.Label) ? Joining.Label : null);

    private static TabularColumn Column(ServiceFeature feature, bool hasMissing) => feature.Datatype switch
    {
        "BYTES" => new TabularColumn(feature.Name, TabularColumnKind.Categorical) { Nullable = true },
        "FP32" or "FP64" => new TabularColumn(feature.Name, TabularColumnKind.Numeric) { Datatype = feature.Datatype, Nullable = true },
        _ when hasMissing => new TabularColumn(feature.Name, TabularColumnKind.Numeric) { Datatype = "FP64", Nullable = true },
        _ => new TabularColumn(feature.Name, TabularColumnKind.Numeric) { Datatype = feature.Datatype },
    };
}
