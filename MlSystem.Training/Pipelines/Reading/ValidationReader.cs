namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>validation</c>: what the rows must fulfil.</summary>
internal static class ValidationReader
{
    public static ValidationSpec Read(Section? section)
    {
        var defaults = new ValidationSpec();
        if (section is null)
        {
            return defaults;
        }

        var columns = section.Object("column_max_missing_share");
        var spec = new ValidationSpec
        {
            MinRows = section.Integer("min_rows", 1, long.MaxValue) ?? defaults.MinRows,
            MaxMissingShare = section.Number("max_missing_share", v => v is >= 0 and <= 1, "from 0 to 1") ?? defaults.MaxMissingShare,
            ColumnMaxMissingShare = columns?.Keys().Order(StringComparer.Ordinal).ToDictionary(k => k, k => columns.Number(k, v => v is >= 0 and <= 1, "from 0 to 1") ?? 0, StringComparer.Ordinal)
                ?? defaults.ColumnMaxMissingShare,
            LabelClasses = section.Texts("label_classes"),
            MinClassShare = section.Number("min_class_share", v => v is >= 0 and <= 0.5, "from 0 to 0.5") ?? defaults.MinClassShare,
        };
        section.RefuseUnknown();
        if (spec.LabelClasses is { } classes && (classes.Count < 2 || classes.Distinct(StringComparer.Ordinal).Count() < classes.Count))
        {
            section.Error("label_classes", "needs at least two classes, each once");
        }

        return spec;
    }
}
