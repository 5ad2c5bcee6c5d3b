namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>What to try next with a loaded sample: lines to paste.</summary>
internal static class NextSteps
{
    public static string Of(string sample, string gateway) => $$"""
        the sample is loaded; try:
          curl {{gateway}}/v2/models/{{sample}}
          curl {{gateway}}/v2/models/{{sample}}/infer -H 'Content-Type: application/json' -d '{"inputs":[{"name":"customer_id","shape":[1],"datatype":"BYTES","data":["C00001"]}]}'
          curl {{gateway}}/api/endpoints/{{sample}}
          curl {{gateway}}/api/endpoints/{{sample}}/performance
        """;
}
