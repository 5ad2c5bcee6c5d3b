using System.Globalization;
using MlSystem.Training.Pipelines;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace MlSystem.Training.Exports;

/// <summary>
/// A pipeline as Kubeflow Pipelines v2 intermediate representation: a document of <c>PipelineSpec</c> (schema version 2.1.0) and one of
/// <c>PlatformSpec</c> with what only Kubernetes has.
/// </summary>
internal static class KubeflowFile
{
    public const string SchemaVersion = "2.1.0";
    private const string RunParameter = "run_id";
    private const string RunId = "{{$.pipeline_job_uuid}}";
    private const string GivenRun = "{{$.inputs.parameters['" + RunParameter + "']}}";

    public static string Write(ExportPlan plan)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"# Pipeline {plan.Pipeline}, version {plan.Version}, of MlSystem.");
        foreach (var note in Schedules(plan).Concat(ExportNotes.Of(plan, t => Cron(t) is not null)))
        {
            text.WriteLine($"# {OneLine(note)}");
        }

        var serializer = new SerializerBuilder().WithQuotingNecessaryStrings().WithNewLine("\n").DisableAliases().Build();
        foreach (var (document, isFirst) in new[] { (Spec(plan), true), (Platform(plan), false) })
        {
            if (!isFirst)
            {
                text.WriteLine("---");
            }

            serializer.Serialize(new Emitter(text, new EmitterSettings().WithBestWidth(int.MaxValue).WithNewLine("\n")), document);
        }

        // Between documents there is one mark; the emitter's end marks are not needed.
        return text.ToString().Replace("\n...\n", "\n", StringComparison.Ordinal);
    }

    /// <summary>The format holds no schedule: Kubeflow keeps recurring runs beside pipelines.</summary>
    private static IEnumerable<string> Schedules(ExportPlan plan) => plan.Triggers.Where(t => Cron(t) is not null).Select(t =>
        $"Schedule '{t.Name}' ({t.TimeZone}; the cluster's CRON_SCHEDULE_TIMEZONE counts): kfp recurring-run create --pipeline-name {Name(plan.Pipeline)} --cron-expression \"{Cron(t)}\" --max-concurrency {plan.Concurrency}");

    private static string? Cron(TriggerSpec trigger) => trigger.Kind == TriggerKind.Cron ? UnixCron.WithSeconds(trigger.Cron!) : null;

    private static Dictionary<string, object> Spec(ExportPlan plan) => new()
    {
        ["components"] = plan.Steps.ToDictionary(s => $"comp-{Name(s.Name)}", s => Map(
            ("executorLabel", Executor(s)),
            ("inputDefinitions", Map(("parameters", Map((RunParameter, Map(("parameterType", "STRING"))))))))),
        ["deploymentSpec"] = Map(("executors", plan.Steps.ToDictionary(Executor, s => Map(("container", Container(plan, s)))))),
        ["pipelineInfo"] = Map(("name", Name(plan.Pipeline)), ("description", plan.Description)),
        ["root"] = Map(("dag", Map(("tasks", plan.Steps.Select((s, i) => (s, i)).ToDictionary(s => Name(s.s.Name), s => Task(s.s, s.i == 0 ? null : plan.Steps[s.i - 1])))))),
        ["schemaVersion"] = SchemaVersion,
        ["sdkVersion"] = "mlsystem",
    };

    private static Dictionary<string, object> Container(ExportPlan plan, ExportStep step) => Map(
        ("image", step.Executor?.Image ?? plan.Site.Image),
        ("command", new[] { plan.Site.Program }),
        ("args", step.Arguments(plan.Version, GivenRun, "manual", $"Kubeflow Pipelines run {GivenRun}")),
        ("env", plan.Environment.Concat(step.Executor?.Env ?? new Dictionary<string, string>()).Select(e => Map(("name", e.Key), ("value", e.Value))).ToList()),
        ("resources", Resources(step.Executor)));

    private static Dictionary<string, object>? Resources(ExecutorSpec? executor)
    {
        var resources = Map(
            ("resourceCpuLimit", Text(executor?.Cpus)),
            ("resourceMemoryLimit", Memory(executor?.MemoryMb)),
            ("resourceCpuRequest", Text(executor?.CpusRequest ?? executor?.Cpus)),
            ("resourceMemoryRequest", Memory(executor?.MemoryRequestMb ?? executor?.MemoryMb)));
        return resources.Count == 0 ? null : resources;
    }

    private static Dictionary<string, object> Task(ExportStep step, ExportStep? before) => Map(
        // What a step leaves is in the run's own folder: another run must not take it for its own.
        ("cachingOptions", Map()),
        ("componentRef", Map(("name", $"comp-{Name(step.Name)}"))),
        ("dependentTasks", before is null ? null : new[] { Name(before.Name) }),
        ("inputs", Map(("parameters", Map((RunParameter, Map(("runtimeValue", Map(("constant", RunId))))))))),
        ("retryPolicy", step.Attempts == 1 ? null : Map(
            ("backoffDuration", Seconds(step.RetryDelay)), ("backoffFactor", 2.0), ("backoffMaxDuration", Seconds(step.MaxRetryDelay)), ("maxRetryCount", step.Attempts - 1))),
        ("taskInfo", Map(("name", Name(step.Name)))));

    private static Dictionary<string, object> Platform(ExportPlan plan) => Map(
        ("platforms", Map(("kubernetes", Map(("deploymentSpec", Map(("executors", plan.Steps.ToDictionary(Executor, s => Pod(plan.Site, s))))))))));

    private static Dictionary<string, object> Pod(ExportSite site, ExportStep step) => Map(
        ("activeDeadlineSeconds", step.Timeout is { } timeout ? (object)(long)Math.Max(1, Math.Ceiling(timeout.TotalSeconds)) : null),
        ("configMapAsEnv", List(site.ConfigMaps.Select(name => Map(("configMapName", name), ("keyToEnv", new[] { Map(("configMapKey", Key), ("envVar", Key)) }), ("optional", true))))),
        ("imagePullSecret", List(site.PullSecrets.Select(name => Map(("secretName", name))))),
        ("nodeSelector", step.Executor is { NodeSelector: { Count: > 0 } labels } ? Map(("labels", labels)) : null),
        ("pvcMount", new[] { Map(("constant", site.VolumeClaim), ("mountPath", site.DataDirectory), ("subPath", site.SubPath)) }),
        ("secretAsEnv", List(site.Secrets.Select(name => Map(("keyToEnv", new[] { Map(("envVar", Key), ("secretKey", Key)) }), ("optional", true), ("secretName", name))))));

    /// <summary>The one setting of a step that is a key; the format wants each key of a secret named.</summary>
    private const string Key = "MlSystem__ApiKey";

    private static string Executor(ExportStep step) => $"exec-{Name(step.Name)}";

    private static string Name(string name) => name.Replace('_', '-');

    private static string? Text(double? number) => number?.ToString("0.###", CultureInfo.InvariantCulture);

    private static string? Memory(int? mebibytes) => Executors.Kubernetes.StepJob.Memory(mebibytes);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###}s");

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static List<Dictionary<string, object>>? List(IEnumerable<Dictionary<string, object>> items) => items.ToList() is { Count: > 0 } list ? list : null;

    /// <summary>A map without what is null.</summary>
    private static Dictionary<string, object> Map(params (string Key, object? Value)[] entries) =>
        entries.Where(e => e.Value is not null).ToDictionary(e => e.Key, e => e.Value!);
}
