using System.ComponentModel.DataAnnotations;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>Where the executor <c>kubernetes</c> starts Jobs, and with what; section <c>Training:Kubernetes</c>.</summary>
public sealed class KubernetesOptions
{
    public const string Section = "Training:Kubernetes";

    /// <summary>The image of the training service, unless a pipeline names another. Required for the executor.</summary>
    public string? Image { get; set; }

    /// <summary>The program in the image. Default <c>/app/MlSystem.Training</c>, where the .NET SDK's images have it.</summary>
    [MinLength(1)]
    public string Program { get; set; } = "/app/MlSystem.Training";

    /// <summary>The persistent volume claim that holds <c>MlSystem:DataDirectory</c>; Jobs mount it at the same path. Required for the executor.</summary>
    public string? VolumeClaim { get; set; }

    /// <summary>The folder of the claim that is the data directory; by default its root.</summary>
    public string? SubPath { get; set; }

    /// <summary>Namespace of the Jobs and the claim. Default: the one that the service runs in.</summary>
    public string? Namespace { get; set; }

    /// <summary>A kubeconfig file; by default the service account of the pod that the service runs in.</summary>
    public string? Kubeconfig { get; set; }

    /// <summary>Service account of the Jobs' pods; default the namespace's own.</summary>
    public string? ServiceAccount { get; set; }

    /// <summary>Secrets whose keys are the Jobs' environment variables (<c>MlSystem__ApiKey</c>); keys never stand in a Job itself.</summary>
    public IList<string> EnvironmentSecrets { get; } = [];

    /// <summary>Config maps whose keys are the Jobs' environment variables.</summary>
    public IList<string> EnvironmentConfigMaps { get; } = [];

    /// <summary>Secrets to pull the image with.</summary>
    public IList<string> ImagePullSecrets { get; } = [];

    /// <summary>How long an ended Job stays in the cluster, 1 minute to 30 days. Default 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan KeepJobs { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long what a Job wrote may take to be seen on the shared volume after its end, 0 to 10 minutes. Default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan VolumeDelay { get; set; } = TimeSpan.FromSeconds(30);
}
