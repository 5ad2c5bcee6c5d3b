namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>evaluation</c>: which metrics are kept.</summary>
internal static class EvaluationReader
{
    public static EvaluationSpec Read(Section? section)
    {
        var spec = new EvaluationSpec { Metrics = section?.Texts("metrics") ?? [] };
        section?.RefuseUnknown();
        return spec;
    }
}
