using System.Globalization;
using k8s.Models;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>The Job that executes one attempt of a step.</summary>
internal static class StepJob
{
    public const string RunLabel = "mlsystem.dev/run";
    public const string StepLabel = "mlsystem.dev/step";
    public const string Container = "step";
    private const string Volume = "data";
    private const int MaxLabel = 63;

    /// <summary>The same for the same attempt of the same run: 63 characters hold a run's id, any step and its attempt up to 9999.</summary>
    /// <param name="attempt">Counts all attempts of the step in the run, from 1.</param>
    public static string Name(string run, string step, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"mls-{run}-{Label(step)}-{attempt}");

    public static string Selector(string run, string step) => $"{RunLabel}={run},{StepLabel}={Label(step)}";

    public static V1Job Build(StepCall call, string name, JobFiles files, JobPlace place) => new()
    {
        ApiVersion = "batch/v1",
        Kind = "Job",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = place.Namespace, Labels = Labels(call) },
        Spec = new V1JobSpec
        {
            // The service counts attempts; the cluster makes none of its own.
            BackoffLimit = 0,
            Completions = 1,
            Parallelism = 1,
            ActiveDeadlineSeconds = call.Timeout is { } timeout ? (long)Math.Max(1, Math.Ceiling(timeout.TotalSeconds)) : null,
            TtlSecondsAfterFinished = (int)place.Options.KeepJobs.TotalSeconds,
            Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = Labels(call) }, Spec = Pod(call, files, place) },
        },
    };

    private static V1PodSpec Pod(StepCall call, JobFiles files, JobPlace place) => new()
    {
        RestartPolicy = "Never",
        ServiceAccountName = place.Options.ServiceAccount,
        AutomountServiceAccountToken = false,
        ImagePullSecrets = place.Options.ImagePullSecrets.Count == 0 ? null : [.. place.Options.ImagePullSecrets.Select(s => new V1LocalObjectReference { Name = s })],
        NodeSelector = call.Executor.NodeSelector.Count == 0 ? null : call.Executor.NodeSelector.ToDictionary(),
        Volumes = [new V1Volume { Name = Volume, PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = place.Claim } }],
        Containers =
        [
            new V1Container
            {
                Name = Container,
                Image = call.Executor.Image ?? place.Image,
                Command = [place.Options.Program],
                Args = [StepProcess.Command, StepProcess.RequestOption, files.Request],
                Env = [.. place.Environment.Concat(call.Executor.Env).Select(e => new V1EnvVar { Name = e.Key, Value = e.Value })],
                EnvFrom = EnvironmentSources(place.Options),
                Resources = Resources(call.Executor),
                VolumeMounts = [new V1VolumeMount { Name = Volume, MountPath = place.DataDirectory, SubPath = place.Options.SubPath }],
                SecurityContext = new V1SecurityContext { AllowPrivilegeEscalation = false, Capabilities = new V1Capabilities { Drop = ["ALL"] } },
            },
        ],
    };

    private static List<V1EnvFromSource>? EnvironmentSources(KubernetesOptions options)
    {
        List<V1EnvFromSource> sources =
        [
            .. options.EnvironmentConfigMaps.Select(name => new V1EnvFromSource { ConfigMapRef = new V1ConfigMapEnvSource { Name = name } }),
            .. options.EnvironmentSecrets.Select(name => new V1EnvFromSource { SecretRef = new V1SecretEnvSource { Name = name } }),
        ];
        return sources.Count == 0 ? null : sources;
    }

    /// <summary>Bounds as declared; what is asked of the scheduler is the bound itself unless the definition says less.</summary>
    private static V1ResourceRequirements? Resources(ExecutorSpec executor)
    {
        Dictionary<string, ResourceQuantity> limits = [], requests = [];
        Add(limits, "memory", Memory(executor.MemoryMb));
        Add(limits, "cpu", Cores(executor.Cpus));
        Add(requests, "memory", Memory(executor.MemoryRequestMb ?? executor.MemoryMb));
        Add(requests, "cpu", Cores(executor.CpusRequest ?? executor.Cpus));
        return requests.Count == 0 ? null : new V1ResourceRequirements { Limits = limits.Count == 0 ? null : limits, Requests = requests };
    }

    private static void Add(Dictionary<string, ResourceQuantity> to, string resource, string? quantity)
    {
        if (quantity is not null)
        {
            to[resource] = new ResourceQuantity(quantity);
        }
    }

    internal static string? Memory(int? mebibytes) => mebibytes is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value}Mi") : null;

    /// <summary>Kubernetes counts cores in thousandths at the finest.</summary>
    internal static string? Cores(double? cores) => cores is { } value ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, Math.Round(value * 1000)):0}m") : null;

    private static Dictionary<string, string> Labels(StepCall call) => new(StringComparer.Ordinal)
    {
        ["app.kubernetes.io/managed-by"] = "mlsystem-training",
        ["mlsystem.dev/pipeline"] = Cut(call.Context.Run.Pipeline).TrimEnd('-', '_'),
        [RunLabel] = call.Context.Run.Id,
        [StepLabel] = Label(call.Step.Name),
    };

    private static string Label(string step) => step.Replace('_', '-');

    private static string Cut(string text) => text.Length > MaxLabel ? text[..MaxLabel] : text;
}

/// <summary>Where Jobs are started: the options that must be there, resolved.</summary>
/// <param name="DataDirectory">Full path, the same in the service and in its Jobs.</param>
/// <param name="Environment">Settings of the service that hold no keys.</param>
internal sealed record JobPlace(KubernetesOptions Options, string Namespace, string Image, string Claim, string DataDirectory, IReadOnlyDictionary<string, string> Environment);
