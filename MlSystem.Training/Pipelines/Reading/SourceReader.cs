namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>source</c>: where the rows come from.</summary>
internal static class SourceReader
{
    public static SourceSpec Read(Section source)
    {
        var spec = new SourceSpec
        {
            FeatureService = source.RequiredText("feature_service"),
            FeatureServiceVersion = (int?)source.Integer("feature_service_version", 1, int.MaxValue),
            Labels = ReadLabels(source.RequiredObject("labels")),
        };
        source.RefuseUnknown();
        return spec;
    }

    private static LabelSpec ReadLabels(Section labels)
    {
        var spec = new LabelSpec
        {
            File = labels.Text("file"),
            Table = labels.Object("table") is { } table ? ReadTable(table) : null,
            LabelColumn = labels.RequiredText("label_column"),
            EventTimestampColumn = labels.Text("event_timestamp_column", "event_timestamp")!,
        };
        labels.RefuseUnknown();
        if ((spec.File is null) == (spec.Table is null))
        {
            labels.Error(null, "needs exactly one of file and table");
        }

        if (spec.File is { } file && (Path.IsPathRooted(file) || file.Split('/', '\\').Contains("..")))
        {
            labels.Error("file", "must be a path below the folder of samples, without '..'");
        }

        foreach (var missing in new[] { spec.LabelColumn, spec.EventTimestampColumn }.Where(c => c.Length > 0 && spec.Table?.ContainsKey(c) == false))
        {
            labels.Error("table", $"has no column '{missing}'");
        }

        return spec;
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadTable(Section table)
    {
        var columns = table.Keys().Order(StringComparer.Ordinal).ToDictionary(key => key, key => table.Texts(key) ?? [], StringComparer.Ordinal);
        if (columns.Values.Select(c => c.Count).Distinct().Count() > 1)
        {
            table.Error(null, "has columns of different lengths");
        }

        return columns;
    }
}
