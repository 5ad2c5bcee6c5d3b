namespace MlSystem.Training.Pipelines;

/// <summary>How the runs of a pipeline are carried out. What is null takes the service's option.</summary>
public sealed record ExecutionSpec
{
    /// <summary>Whether finished steps of earlier runs are taken over when their input fingerprint is the same.</summary>
    public bool Cache { get; set; }

    /// <summary>Runs of this pipeline that may run at a time, 1 to 64.</summary>
    public int Concurrency { get; set; } = 1;

    /// <summary>Longest time of one attempt of a step, in seconds; null sets no bound.</summary>
    public double? TimeoutSeconds { get; set; }

    /// <summary>Attempts of a step whose failure may pass, 1 to 1000.</summary>
    public int? Attempts { get; set; }

    /// <summary>Wait before the second attempt, in seconds; doubles each time.</summary>
    public double? RetryDelaySeconds { get; set; }

    /// <summary>Longest wait between attempts, in seconds.</summary>
    public double? MaxRetryDelaySeconds { get; set; }

    /// <summary>Days for which a finished run's folder is kept, above 0; null takes the service's option.</summary>
    public double? KeepDays { get; set; }

    /// <summary>Where steps run; null: in the service itself.</summary>
    public ExecutorSpec? Executor { get; set; }

    /// <summary>Step → what differs there.</summary>
    public IReadOnlyDictionary<string, StepExecutionSpec> Steps { get; set; } = new Dictionary<string, StepExecutionSpec>();
}

/// <summary>What differs in one step; null leaves it as the pipeline has it.</summary>
public sealed record StepExecutionSpec
{
    public bool? Cache { get; set; }

    public double? TimeoutSeconds { get; set; }

    public int? Attempts { get; set; }

    public ExecutorSpec? Executor { get; set; }
}

/// <summary>Where a step runs.</summary>
public sealed record ExecutorSpec
{
    /// <summary>One of <see cref="ExecutorKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Memory that the step may use, 64 to 1,048,576 MiB; null sets no bound. Not for <c>in_process</c>.</summary>
    public int? MemoryMb { get; set; }

    /// <summary>Cores: a whole number for a child process, any positive number for Kubernetes; null sets no bound.</summary>
    public double? Cpus { get; set; }

    /// <summary><c>kubernetes</c>: memory that a node must have free, at most <see cref="MemoryMb"/> where that is set; null: the same.</summary>
    public int? MemoryRequestMb { get; set; }

    /// <summary><c>kubernetes</c>: cores that a node must have free, at most <see cref="Cpus"/> where that is set; null: the same.</summary>
    public double? CpusRequest { get; set; }

    /// <summary><c>kubernetes</c>: the image; null takes the service's option.</summary>
    public string? Image { get; set; }

    /// <summary><c>kubernetes</c>: environment variables beside the service's settings. They stand in the Job: no place for keys.</summary>
    public IReadOnlyDictionary<string, string> Env { get; set; } = new Dictionary<string, string>();

    /// <summary><c>kubernetes</c>: labels that a node must have.</summary>
    public IReadOnlyDictionary<string, string> NodeSelector { get; set; } = new Dictionary<string, string>();
}

/// <summary>Kinds of executor.</summary>
public static class ExecutorKind
{
    /// <summary>In the training service.</summary>
    public const string InProcess = "in_process";

    /// <summary>In a child process of its own.</summary>
    public const string ChildProcess = "child_process";

    /// <summary>As a Kubernetes Job.</summary>
    public const string Kubernetes = "kubernetes";

    public static IReadOnlyList<string> All { get; } = [InProcess, ChildProcess, Kubernetes];
}
