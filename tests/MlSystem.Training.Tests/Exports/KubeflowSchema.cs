using YamlDotNet.RepresentationModel;

namespace MlSystem.Training.Tests.Exports;

/// <summary>
/// The messages of Kubeflow's published <c>pipeline_spec.proto</c> and <c>kubernetes_executor_config.proto</c>, as far as exports use them: any field
/// that is not in the message, or not of its type, is a mistake, as it is for the service that reads the file.
/// </summary>
internal static class KubeflowSchema
{
    /// <summary>Message → field → type: <c>string</c>, <c>int</c>, <c>double</c>, <c>bool</c>, <c>duration</c>, <c>value</c>, a message, <c>[type]</c> for repeated, <c>{type}</c> for a map.</summary>
    private static readonly Dictionary<string, Dictionary<string, string>> Messages = new()
    {
        ["PipelineSpec"] = Of("pipelineInfo:PipelineInfo deploymentSpec:DeploymentConfig schemaVersion:string sdkVersion:string components:{ComponentSpec} root:ComponentSpec defaultPipelineRoot:string"),
        ["PipelineInfo"] = Of("name:string displayName:string description:string"),
        ["DeploymentConfig"] = Of("executors:{ExecutorSpec}"),
        ["ExecutorSpec"] = Of("container:ContainerSpec"),
        ["ContainerSpec"] = Of("image:string command:[string] args:[string] resources:ResourceSpec env:[EnvVar]"),
        ["ResourceSpec"] = Of("cpuLimit:double memoryLimit:double resourceCpuLimit:string resourceMemoryLimit:string resourceCpuRequest:string resourceMemoryRequest:string"),
        ["EnvVar"] = Of("name:string value:string"),
        ["ComponentSpec"] = Of("inputDefinitions:InputsSpec dag:DagSpec executorLabel:string"),
        ["InputsSpec"] = Of("parameters:{ParameterSpec}"),
        ["ParameterSpec"] = Of("parameterType:string defaultValue:value isOptional:bool description:string"),
        ["DagSpec"] = Of("tasks:{TaskSpec}"),
        ["TaskSpec"] = Of("taskInfo:TaskInfo inputs:TaskInputsSpec dependentTasks:[string] cachingOptions:CachingOptions componentRef:ComponentRef retryPolicy:RetryPolicy"),
        ["TaskInfo"] = Of("name:string"),
        ["TaskInputsSpec"] = Of("parameters:{InputParameterSpec}"),
        ["InputParameterSpec"] = Of("runtimeValue:RuntimeValue componentInputParameter:string"),
        ["RuntimeValue"] = Of("constant:value runtimeParameter:string"),
        ["CachingOptions"] = Of("enableCache:bool cacheKey:string"),
        ["ComponentRef"] = Of("name:string"),
        ["RetryPolicy"] = Of("maxRetryCount:int backoffDuration:duration backoffFactor:double backoffMaxDuration:duration"),
        ["PlatformSpec"] = Of("platforms:{SinglePlatformSpec}"),
        ["SinglePlatformSpec"] = Of("deploymentSpec:PlatformDeploymentConfig version:string platform:string"),
        ["PlatformDeploymentConfig"] = Of("executors:{KubernetesExecutorConfig}"),
        ["KubernetesExecutorConfig"] = Of("secretAsEnv:[SecretAsEnv] pvcMount:[PvcMount] nodeSelector:NodeSelector imagePullSecret:[ImagePullSecret] configMapAsEnv:[ConfigMapAsEnv] activeDeadlineSeconds:int"),
        ["SecretAsEnv"] = Of("secretName:string keyToEnv:[SecretKey] optional:bool"),
        ["SecretKey"] = Of("secretKey:string envVar:string"),
        ["ConfigMapAsEnv"] = Of("configMapName:string keyToEnv:[ConfigMapKey] optional:bool"),
        ["ConfigMapKey"] = Of("configMapKey:string envVar:string"),
        ["PvcMount"] = Of("constant:string mountPath:string subPath:string"),
        ["NodeSelector"] = Of("labels:{string}"),
        ["ImagePullSecret"] = Of("secretName:string"),
    };

    /// <summary>Every mistake, with its place.</summary>
    public static List<string> Check(YamlNode node, string type, string path = "$")
    {
        if (type[0] is '[')
        {
            return node is YamlSequenceNode list ? [.. list.Children.SelectMany((c, i) => Check(c, type[1..^1], $"{path}[{i}]"))] : [$"{path} is no list"];
        }

        if (type[0] is '{')
        {
            return node is YamlMappingNode map ? [.. map.Children.SelectMany(c => Check(c.Value, type[1..^1], $"{path}.{c.Key}"))] : [$"{path} is no map"];
        }

        if (Messages.TryGetValue(type, out var fields))
        {
            return node is not YamlMappingNode message ? [$"{path} is no {type}"] : [.. message.Children.SelectMany(c => fields.TryGetValue(c.Key.ToString(), out var field)
                ? Check(c.Value, field, $"{path}.{c.Key}")
                : [$"{path}: {type} has no field {c.Key}"])];
        }

        return type == "value" || (node is YamlScalarNode scalar && IsOf(scalar, type)) ? [] : [$"{path} is no {type}: {node}"];
    }

    private static bool IsOf(YamlScalarNode scalar, string type)
    {
        var text = scalar.Value ?? "";
        var isQuoted = scalar.Style is YamlDotNet.Core.ScalarStyle.SingleQuoted or YamlDotNet.Core.ScalarStyle.DoubleQuoted;
        var isNumber = double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _);
        return type switch
        {
            "string" => isQuoted || !(isNumber || text is "true" or "false" or "null" or "~" or ""),
            "int" => !isQuoted && long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _),
            "double" => !isQuoted && isNumber,
            "bool" => text is "true" or "false",
            "duration" => text.EndsWith('s') && double.TryParse(text[..^1], System.Globalization.CultureInfo.InvariantCulture, out _),
            _ => throw new ArgumentException(type, nameof(type)),
        };
    }

    private static Dictionary<string, string> Of(string fields) => fields.Split(' ').Select(f => f.Split(':')).ToDictionary(f => f[0], f => f[1]);
}
