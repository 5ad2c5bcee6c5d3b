namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>source.labels</c>, and what other sources have in common with it.</summary>
internal static class LabelReader
{
    public static LabelSpec Read(Section labels)
    {
        var spec = new LabelSpec
        {
            File = labels.Text("file") is { } path ? FilePath(labels, "file", path) : null,
            Table = labels.Object("table") is { } table ? ReadTable(table) : null,
            LabelColumn = labels.RequiredText("label_column"),
            EventTimestampColumn = labels.Text("event_timestamp_column", "event_timestamp")!,
        };
        labels.RefuseUnknown();
        if ((spec.File is null) == (spec.Table is null))
        {
            labels.Error(null, "needs exactly one of file and table");
        }

        foreach (var missing in new[] { spec.LabelColumn, spec.EventTimestampColumn }.Where(c => c.Length > 0 && spec.Table?.ContainsKey(c) == false))
        {
            labels.Error("table", $"has no column '{missing}'");
        }

        return spec;
    }

    /// <summary>A path that stays in its folder.</summary>
    public static string FilePath(Section section, string key, string path)
    {
        if (Path.IsPathRooted(path) || path.Split('/', '\\').Contains(".."))
        {
            section.Error(key, "must be a path below the folder of sources or of samples, without '..'");
        }

        return path;
    }

    public static Dictionary<string, IReadOnlyList<string>> ReadTable(Section table)
    {
        var columns = table.Keys().Order(StringComparer.Ordinal).ToDictionary(key => key, key => table.Texts(key) ?? [], StringComparer.Ordinal);
        if (columns.Values.Select(c => c.Count).Distinct().Count() > 1)
        {
            table.Error(null, "has columns of different lengths");
        }

        return columns;
    }
}
