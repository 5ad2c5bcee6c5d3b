namespace MlSystem.Training.Pipelines.Reading;

/// <summary>The keys of a source that say what its columns are.</summary>
internal static class ColumnReader
{
    private static readonly string[] Datatypes = ["auto", "FP32", "FP64", "INT32", "INT64", "BOOL", "BYTES"];

    /// <param name="labelled">Whether the label is one of the columns.</param>
    public static ColumnRoles Read(Section section, bool labelled = true)
    {
        var roles = new ColumnRoles
        {
            LabelColumn = labelled ? section.RequiredText("label_column") : "",
            EventTimestampColumn = labelled ? section.Text("event_timestamp_column") : null,
            EntityColumns = section.Texts("entity_columns") ?? [],
            Features = ReadFeatures(section),
        };
        foreach (var twice in roles.EntityColumns.CountBy(c => c, StringComparer.Ordinal).Where(c => c.Value > 1))
        {
            section.Error("entity_columns", $"names '{twice.Key}' twice");
        }

        if (roles.Features.ContainsKey(roles.LabelColumn))
        {
            section.Error("features", $"names the label column '{roles.LabelColumn}', which a model must not see");
        }

        return roles;
    }

    /// <summary>Refuses roles of columns that do not exist.</summary>
    public static void CheckKnown(Section section, ColumnRoles roles, IReadOnlyCollection<string> columns)
    {
        foreach (var missing in roles.Used().Where(c => !columns.Contains(c)))
        {
            section.Error("rows", $"has no column '{missing}'");
        }
    }

    /// <summary>Every column that the roles name.</summary>
    public static IEnumerable<string> Used(this ColumnRoles roles) =>
        new[] { roles.LabelColumn, roles.EventTimestampColumn }.OfType<string>().Where(c => c.Length > 0).Concat(roles.EntityColumns).Concat(roles.Features.Keys).Distinct(StringComparer.Ordinal);

    /// <summary>A list of names, or an object of name and datatype.</summary>
    private static Dictionary<string, string> ReadFeatures(Section section)
    {
        if (section.Value("features") is not { ValueKind: System.Text.Json.JsonValueKind.Object })
        {
            return (section.Texts("features") ?? []).Distinct(StringComparer.Ordinal).ToDictionary(name => name, _ => "auto", StringComparer.Ordinal);
        }

        var features = section.Object("features")!;
        return features.Keys().ToDictionary(name => name, name => features.OneOf(name, Datatypes), StringComparer.Ordinal);
    }
}
