namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>split</c>: which rows are held out.</summary>
internal static class SplitReader
{
    public static SplitSpec Read(Section? section)
    {
        var defaults = new SplitSpec();
        if (section is null)
        {
            return defaults;
        }

        var spec = new SplitSpec
        {
            Kind = section.OneOf("kind", [.. SplitKind.All], defaults.Kind),
            TestShare = section.Number("test_share", v => v is > 0 and < 1, "above 0 and below 1") ?? defaults.TestShare,
            Seed = section.Integer("seed", 0, int.MaxValue) ?? defaults.Seed,
            Column = section.Text("column"),
            Order = section.Value("order") is null ? null : section.OneOf("order", [.. SplitOrder.All]),
        };
        if (spec.Kind != SplitKind.PerUser && (spec.Column ?? spec.Order) is not null)
        {
            section.Error(spec.Column is null ? "order" : "column", $"belongs to kind {SplitKind.PerUser}");
        }

        section.RefuseUnknown();
        return spec;
    }
}
