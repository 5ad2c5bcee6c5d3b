namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>register</c>: name and alias of the version.</summary>
internal static class RegisterReader
{
    public static RegisterSpec Read(Section section)
    {
        var spec = new RegisterSpec
        {
            Model = section.RequiredText("model"),
            Alias = section.Value("alias") is null ? null : section.RequiredText("alias"),
        };
        section.RefuseUnknown();
        return spec;
    }
}
