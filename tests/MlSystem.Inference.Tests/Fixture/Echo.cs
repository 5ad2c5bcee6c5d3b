namespace MlSystem.Inference.Tests.Fixture;

/// <summary>Two values of each datatype, as JSON writes them back.</summary>
public static class Echo
{
    public static IReadOnlyDictionary<string, string> Values { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["BOOL"] = "[true,false]",
        ["UINT8"] = "[0,255]",
        ["UINT16"] = "[0,65535]",
        ["UINT32"] = "[0,4294967295]",
        ["UINT64"] = "[0,18446744073709551615]",
        ["INT8"] = "[-128,127]",
        ["INT16"] = "[-32768,32767]",
        ["INT32"] = "[-2147483648,2147483647]",
        ["INT64"] = "[-9223372036854775808,9223372036854775807]",
        ["FP16"] = "[0.5,-65504]",
        ["FP32"] = "[0.1,-3.4028235E+38]",
        ["FP64"] = "[0.1,1E+300]",
        ["BYTES"] = """["","a b"]""",
    };

    /// <summary>A request with all of them.</summary>
    public static string Json() => Json(Values);

    public static string Json(IEnumerable<KeyValuePair<string, string>> values) =>
        $$"""{"inputs":[{{string.Join(',', values.Select(v => $$"""{"name":"in_{{v.Key}}","datatype":"{{v.Key}}","shape":[2,1],"data":{{v.Value}}}"""))}}]}""";
}
