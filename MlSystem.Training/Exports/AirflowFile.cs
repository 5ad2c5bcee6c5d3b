using System.Globalization;
using System.Text;
using MlSystem.Training.Executors.Kubernetes;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Exports;

/// <summary>A pipeline as a DAG file for Airflow 2.10 and later with the provider <c>cncf.kubernetes</c>: a pod for each step.</summary>
internal static class AirflowFile
{
    private const string RunId = "{{ run_id }}";
    private const string Trigger = "{{ 'schedule' if dag_run.run_type == 'scheduled' else 'manual' }}";
    private const string Evidence = "Airflow {{ dag.dag_id }} {{ run_id }}";

    public static string Write(ExportPlan plan)
    {
        var schedule = Schedule(plan);
        var text = new StringBuilder();
        Line(text, $"\"\"\"Pipeline {plan.Pipeline}, version {plan.Version}, of MlSystem.\"\"\"");
        foreach (var note in ExportNotes.Of(plan, schedule.Holds))
        {
            Line(text, $"# {Comment(note)}");
        }

        Line(text, "import datetime\n\nfrom airflow import DAG\nfrom airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator");
        if (schedule.Class is { } timetable)
        {
            Line(text, $"from airflow.timetables.trigger import {timetable}");
        }

        Line(text, "from kubernetes.client import models as k8s\n");
        Shared(text, plan);
        Dag(text, plan, schedule.Text);
        foreach (var step in plan.Steps)
        {
            Task(text, plan, step);
        }

        if (plan.Steps.Count > 1)
        {
            Line(text, $"    {string.Join(" >> ", plan.Steps.Select(s => s.Name))}");
        }

        return text.ToString();
    }

    /// <summary>The schedules that Airflow can hold in one timetable: those of one time zone.</summary>
    private static (string? Class, string Text, Func<TriggerSpec, bool> Holds) Schedule(ExportPlan plan)
    {
        var crons = plan.Triggers.Where(t => t.Kind == TriggerKind.Cron && UnixCron.Of(t.Cron!) is not null).ToList();
        var zone = crons.FirstOrDefault()?.TimeZone;
        var held = crons.Where(t => t.TimeZone == zone).ToList();
        var arguments = string.Join(", ", held.Select(t => PythonText.Of(UnixCron.Of(t.Cron!))));
        var name = held.Count switch
        {
            0 => null,
            1 => "CronTriggerTimetable",
            _ => "MultipleCronTriggerTimetable",
        };
        return (name, name is null ? "None" : $"{name}({arguments}, timezone={PythonText.Of(zone)})", held.Contains);
    }

    private static void Shared(StringBuilder text, ExportPlan plan)
    {
        var site = plan.Site;
        Line(text, $"ENVIRONMENT = {PythonText.Of(plan.Environment)}");
        var sources = site.ConfigMaps.Select(n => $"k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name={PythonText.Of(n)}))")
            .Concat(site.Secrets.Select(n => $"k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name={PythonText.Of(n)}))"));
        Line(text, $"ENVIRONMENT_FROM = [{string.Join(", ", sources)}]");
        Line(text, $"VOLUMES = [k8s.V1Volume(name=\"data\", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name={PythonText.Of(site.VolumeClaim)}))]");
        Line(text, $"MOUNTS = [k8s.V1VolumeMount(name=\"data\", mount_path={PythonText.Of(site.DataDirectory)}, sub_path={PythonText.Of(site.SubPath)})]");
        Line(text, $"PULL_SECRETS = [{string.Join(", ", site.PullSecrets.Select(n => $"k8s.V1LocalObjectReference(name={PythonText.Of(n)})"))}]");
        Line(text, $"DEFINITION = {PythonText.Of(plan.Steps[0].Definition)}\n");
    }

    private static void Dag(StringBuilder text, ExportPlan plan, string schedule)
    {
        var start = plan.CreatedAt.UtcDateTime;
        Line(text, "with DAG(");
        Line(text, $"    dag_id={PythonText.Of(plan.Pipeline)},");
        Line(text, $"    description={PythonText.Of(plan.Description)},");
        Line(text, $"    schedule={schedule},");
        Line(text, string.Create(CultureInfo.InvariantCulture, $"    start_date=datetime.datetime({start.Year}, {start.Month}, {start.Day}, tzinfo=datetime.timezone.utc),"));
        Line(text, "    catchup=False,");
        Line(text, $"    max_active_runs={plan.Concurrency},");
        Line(text, "    tags=[\"mlsystem\"],");
        Line(text, "):");
    }

    private static void Task(StringBuilder text, ExportPlan plan, ExportStep step)
    {
        var arguments = step.Arguments(plan.Version, RunId, Trigger, Evidence);
        var environment = step.Executor is { Env: { Count: > 0 } own } ? $"{{**ENVIRONMENT, **{PythonText.Of(own)}}}" : "ENVIRONMENT";
        Line(text, $"    {step.Name} = KubernetesPodOperator(");
        Line(text, $"        task_id={PythonText.Of(step.Name)},");
        Line(text, $"        name={PythonText.Of($"{plan.Pipeline}-{step.Name}".Replace('_', '-'))},");
        Option(text, "namespace", plan.Site.Namespace);
        Option(text, "service_account_name", plan.Site.ServiceAccount);
        Line(text, $"        image={PythonText.Of(step.Executor?.Image ?? plan.Site.Image)},");
        Line(text, $"        cmds={PythonText.Of([plan.Site.Program])},");
        Line(text, $"        arguments=[{string.Join(", ", arguments.SkipLast(1).Select(PythonText.Of))}, DEFINITION],");
        Line(text, $"        env_vars={environment},");
        Line(text, "        env_from=ENVIRONMENT_FROM,\n        volumes=VOLUMES,\n        volume_mounts=MOUNTS,\n        image_pull_secrets=PULL_SECRETS,");
        if (step.Executor is { } executor)
        {
            Resources(text, executor);
        }

        Line(text, $"        retries={(step.Attempts - 1).ToString(CultureInfo.InvariantCulture)},");
        Line(text, $"        retry_delay={PythonText.Of(step.RetryDelay)},\n        retry_exponential_backoff=True,\n        max_retry_delay={PythonText.Of(step.MaxRetryDelay)},");
        if (step.Timeout is { } timeout)
        {
            Line(text, $"        execution_timeout={PythonText.Of(timeout)},");
        }

        Line(text, "    )");
    }

    private static void Resources(StringBuilder text, ExecutorSpec executor)
    {
        var limits = Quantities(executor.Cpus, executor.MemoryMb);
        var requests = Quantities(executor.CpusRequest ?? executor.Cpus, executor.MemoryRequestMb ?? executor.MemoryMb);
        if (limits.Count + requests.Count > 0)
        {
            Line(text, $"        container_resources=k8s.V1ResourceRequirements(requests={PythonText.Of(requests)}, limits={PythonText.Of(limits)}),");
        }

        if (executor.NodeSelector.Count > 0)
        {
            Line(text, $"        node_selector={PythonText.Of(executor.NodeSelector)},");
        }
    }

    private static Dictionary<string, string> Quantities(double? cpus, int? memory)
    {
        Dictionary<string, string> quantities = [];
        if (StepJob.Cores(cpus) is { } cores)
        {
            quantities["cpu"] = cores;
        }

        if (StepJob.Memory(memory) is { } bytes)
        {
            quantities["memory"] = bytes;
        }

        return quantities;
    }

    private static void Option(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            Line(text, $"        {name}={PythonText.Of(value)},");
        }
    }

    /// <summary>A comment is one line, in ASCII.</summary>
    private static string Comment(string note) => string.Concat(note.ReplaceLineEndings(" ").Select(c => char.IsAscii(c) ? c : '?'));

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
