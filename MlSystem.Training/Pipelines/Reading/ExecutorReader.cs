using System.Text.RegularExpressions;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>executor</c>: where steps run.</summary>
internal static partial class ExecutorReader
{
    private const int MinMemory = 64;
    private const int MaxMemory = 1024 * 1024;
    private const string CpusAllowed = "above 0 and at most 1024";

    /// <summary>Keys that only a cluster understands.</summary>
    private static readonly string[] ClusterKeys = ["memory_request_mb", "cpus_request", "image", "env", "node_selector"];

    public static ExecutorSpec Read(Section section)
    {
        var spec = new ExecutorSpec
        {
            Kind = section.OneOf("kind", [.. ExecutorKind.All]),
            MemoryMb = (int?)section.Integer("memory_mb", MinMemory, MaxMemory),
            Cpus = Cpus(section, "cpus"),
            MemoryRequestMb = (int?)section.Integer("memory_request_mb", MinMemory, MaxMemory),
            CpusRequest = Cpus(section, "cpus_request"),
            Image = section.Text("image"),
            Env = Texts(section, "env"),
            NodeSelector = Texts(section, "node_selector"),
        };
        section.RefuseUnknown();
        CheckKind(section, spec);
        CheckCluster(section, spec);
        return spec;
    }

    private static void CheckKind(Section section, ExecutorSpec spec)
    {
        if (spec.Kind == ExecutorKind.InProcess && (spec.MemoryMb is not null || spec.Cpus is not null))
        {
            section.Error(spec.MemoryMb is null ? "cpus" : "memory_mb", $"cannot bound {ExecutorKind.InProcess}; use {ExecutorKind.ChildProcess} or {ExecutorKind.Kubernetes}");
        }

        if (spec.Kind == ExecutorKind.ChildProcess && spec.Cpus is { } cpus && !double.IsInteger(cpus))
        {
            section.Error("cpus", $"must be a whole number for {ExecutorKind.ChildProcess}");
        }

        foreach (var key in spec.Kind == ExecutorKind.Kubernetes ? [] : ClusterKeys.Where(k => section.Value(k) is not null))
        {
            section.Error(key, $"is for {ExecutorKind.Kubernetes} only");
        }
    }

    private static void CheckCluster(Section section, ExecutorSpec spec)
    {
        if (spec.MemoryRequestMb > spec.MemoryMb)
        {
            section.Error("memory_request_mb", "must not exceed memory_mb");
        }

        if (spec.CpusRequest > spec.Cpus)
        {
            section.Error("cpus_request", "must not exceed cpus");
        }

        if (spec.Image is { } image && (image.Length == 0 || image.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))))
        {
            section.Error("image", "must be the name of an image");
        }

        foreach (var name in spec.Env.Keys.Where(n => !VariableName.IsMatch(n)))
        {
            section.Error($"env.{name}", "is no name of an environment variable (letters, digits and _, not beginning with a digit)");
        }

        foreach (var (label, value) in spec.NodeSelector.Where(n => !LabelName.IsMatch(n.Key) || !LabelValue.IsMatch(n.Value)))
        {
            section.Error($"node_selector.{label}", $"'{value}' or its name is no label of Kubernetes");
        }
    }

    private static Dictionary<string, string> Texts(Section section, string key) =>
        section.Object(key) is { } found ? found.Keys().ToDictionary(k => k, found.RequiredText, StringComparer.Ordinal) : [];

    private static double? Cpus(Section section, string key) => section.Number(key, v => v is > 0 and <= 1024, CpusAllowed);

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VariableName { get; }

    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelName { get; }

    [GeneratedRegex("^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelValue { get; }
}
