namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>source</c>: where the rows come from.</summary>
internal static class SourceReader
{
    public static SourceSpec Read(Section source)
    {
        string[] given = [.. new[] { "feature_service", "file", "table", "predictions" }.Where(key => source.Value(key) is not null)];
        if (given.Length != 1)
        {
            source.Error(null, "needs exactly one of feature_service, file, table and predictions");
        }

        var joins = source.Value("feature_service") is not null;
        var spec = new SourceSpec
        {
            FeatureService = joins ? source.RequiredText("feature_service") : null,
            FeatureServiceVersion = joins ? (int?)source.Integer("feature_service_version", 1, int.MaxValue) : null,
            Labels = joins ? LabelReader.Read(source.RequiredObject("labels")) : null,
            File = source.Object("file") is { } file ? ReadFile(file) : null,
            Table = source.Object("table") is { } table ? ReadTable(table) : null,
            Predictions = source.Object("predictions") is { } predictions ? ReadPredictions(predictions) : null,
        };
        source.RefuseUnknown();
        return spec;
    }

    private static FileSource ReadFile(Section section)
    {
        var spec = new FileSource { Path = LabelReader.FilePath(section, "path", section.RequiredText("path")), Columns = ColumnReader.Read(section) };
        if (spec.Path.Length > 0 && Path.GetExtension(spec.Path) is not (".csv" or ".parquet"))
        {
            section.Error("path", $"must end in .csv or .parquet, not '{spec.Path}'");
        }

        section.RefuseUnknown();
        return spec;
    }

    private static TableSource ReadTable(Section section)
    {
        var spec = new TableSource
        {
            Rows = section.Object("rows") is { } rows ? LabelReader.ReadTable(rows) : null,
            FeatureView = section.Text("feature_view"),
            Columns = ColumnReader.Read(section),
        };
        if ((spec.Rows is null) == (spec.FeatureView is null))
        {
            section.Error(null, "needs exactly one of rows and feature_view");
        }

        if (spec.Rows is { } table)
        {
            ColumnReader.CheckKnown(section, spec.Columns, [.. table.Keys]);
        }

        section.RefuseUnknown();
        return spec;
    }

    private static PredictionSource ReadPredictions(Section section)
    {
        var spec = new PredictionSource
        {
            Endpoint = section.RequiredText("endpoint"),
            Days = section.Number("days", v => v > 0, "above 0"),
            FeatureService = section.Text("feature_service"),
            Columns = ColumnReader.Read(section, labelled: false),
        };
        section.RefuseUnknown();
        return spec;
    }
}
