using System.Net;
using System.Text;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>Input that means harm is refused clearly by every call that takes it, and changes nothing.</summary>
public sealed class HostileInputTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts/";

    /// <summary>As JSON: some are no valid UTF-16.</summary>
    public static TheoryData<string, string> BadNames => new()
    {
        { "right-to-left override", "a\\u202Eb" },
        { "right-to-left mark", "a\\u200Fb" },
        { "zero-width space", "a\\u200Bb" },
        { "byte order mark", "\\uFEFFa" },
        { "control character", "a\\u0001b" },
        { "NUL", "a\\u0000b" },
        { "line separator", "a\\u2028b" },
        { "private use", "a\\uE000b" },
        { "lone high surrogate", "a\\uD800b" },
        { "lone low surrogate", "a\\uDC00b" },
        { "mark on nothing", "\\u0301a" },
        { "letter that is drawn as nothing", "a\\u3164b" },
        { "joiner of graphemes", "a\\u034Fb" },
        { "selector behind a letter", "a\\uFE0Fb" },
        { "no character", "a\\uFFFEb" },
        { "slash", "a/b" },
        { "dots", ".." },
        { "only white space", "  " },
        { "too long", new string('x', 10_000) },
    };

    private static readonly string[] BadPaths =
    [
        "../secret", "a/../../secret", "..%2Fsecret", "%2e%2e/secret", "/etc/passwd", "%2Fetc%2Fpasswd", "//etc/passwd", "C:/windows", "c%3A/windows", "a%5Cb", "a//b", "a/%00", "a%00/b",
        "a/%CC%81", "a%E2%80%8F", "a%0Ab", "model-versions/1/1/model.onnx",
    ];

    private RegistryClient Registry => app.Registry;

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task A_name_that_misleads_is_refused(string kind, string name)
    {
        Assert.NotEmpty(kind);
        var (model, run) = (await Registry.ModelAsync(), (await Registry.RunAsync()).Id);
        string[][] calls =
        [
            ["registered-models/create", $$"""{"name": "{{name}}"}"""],
            ["registered-models/rename", $$"""{"name": "{{model}}", "new_name": "{{name}}"}"""],
            ["registered-models/alias", $$"""{"name": "{{model}}", "alias": "{{name}}", "version": "1"}"""],
            ["registered-models/set-tag", $$"""{"name": "{{model}}", "key": "{{name}}", "value": "1"}"""],
            ["experiments/create", $$"""{"name": "{{name}}"}"""],
            ["experiments/set-experiment-tag", $$"""{"experiment_id": "0", "key": "{{name}}", "value": "1"}"""],
            ["runs/set-tag", $$"""{"run_id": "{{run}}", "key": "{{name}}", "value": "1"}"""],
            ["runs/log-parameter", $$"""{"run_id": "{{run}}", "key": "{{name}}", "value": "1"}"""],
            ["runs/log-metric", $$"""{"run_id": "{{run}}", "key": "{{name}}", "value": 1, "timestamp": 1}"""],
            ["runs/log-batch", $$"""{"run_id": "{{run}}", "tags": [{"key": "{{name}}", "value": "1"}]}"""],
        ];
        foreach (var call in calls)
        {
            // A key may be a path or white space, as MLflow's may.
            var isKey = call[1].Contains("\"key\"", StringComparison.Ordinal);
            if (isKey && kind is "slash" or "only white space")
            {
                continue;
            }

            var answer = await Registry.PostAsync(call[0], call[1]);
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{call[0]} with {kind}: {(int)answer.Status} {answer.Body}");
            answer.Refused("INVALID_PARAMETER_VALUE");
        }
    }

    /// <summary>Names of people and places, composed or not (a Mac decomposes names of files), and emoji.</summary>
    [Theory]
    [InlineData("caf\u00E9")]
    [InlineData("cafe\u0301")]
    [InlineData("\u0939\u093F\u0928\u094D\u0926\u0940")]
    [InlineData("\u0E44\u0E17\u0E22\u0E35\u0E48")]
    [InlineData("\u6A21\u578B \u2460")]
    [InlineData("\uD83D\uDE80 \u2764\uFE0F")]
    public async Task Text_of_any_script_is_a_name(string text)
    {
        var name = $"{text} {RegistryClient.Unique("m")}";
        (await Registry.PostAsync("registered-models/create", new { name })).Ok();
        Assert.Equal(name, (await Registry.GetAsync($"registered-models/get?name={Uri.EscapeDataString(name)}")).Ok().Body.GetProperty("registered_model").GetProperty("name").GetString());
        (await Registry.PostAsync("experiments/create", new { name })).Ok();
        var (run, artifacts) = await Registry.RunAsync();
        (await Registry.UploadAsync($"{artifacts}/{text}", [1])).Ok();
        Assert.Equal(text, (await Registry.GetAsync($"artifacts/list?run_id={run}")).Ok().Body.GetProperty("files")[0].GetProperty("path").GetString());
        Assert.Equal([1], await Registry.DownloadAsync($"{artifacts}/{Uri.EscapeDataString(text)}"));
    }

    /// <summary>On the wire as they stand: most clients' URI classes would resolve the dots themselves.</summary>
    [Fact]
    public async Task A_path_that_misleads_is_refused()
    {
        using var folder = new TempFolder();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        await using var process = await RegistryProcess.StartAsync(http, folder.Path);
        foreach (var path in BadPaths)
        {
            var raw = new Uri(http.BaseAddress + Artifacts[1..] + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            foreach (var method in new[] { HttpMethod.Put, HttpMethod.Get, HttpMethod.Delete })
            {
                using var request = new HttpRequestMessage(method, raw) { Content = method == HttpMethod.Put ? new ByteArrayContent([1]) : null };
                using var answer = await http.SendAsync(request);
                Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
        }

        var listed = (await new RegistryClient(http).NativeAsync("/api/2.0/mlflow-artifacts/artifacts?path=")).Ok().Body;
        Assert.False(listed.TryGetProperty("files", out var files) && files.GetArrayLength() > 0, listed.ToString());
        Assert.False(File.Exists(folder["secret"]));
    }

    [Fact]
    public async Task A_path_of_a_run_that_misleads_is_refused()
    {
        var run = (await Registry.RunAsync()).Id;
        // In a path of HTTP the server itself resolves these two, inside the tree; in a query nobody does.
        foreach (var path in BadPaths.Where(p => !p.StartsWith("model-versions", StringComparison.Ordinal)).Concat(["a/%2E%2E/b", "a/./b"]))
        {
            var listed = await Registry.GetAsync($"artifacts/list?run_id={run}&path={path}");
            Assert.True(listed.Status == HttpStatusCode.BadRequest, $"{path}: {listed.Status} {listed.Body}");
        }
    }

    [Fact]
    public async Task Ten_megabytes_of_tag_are_refused_by_every_call()
    {
        var (model, run) = (await Registry.ModelAsync(), (await Registry.RunAsync()).Id);
        var version = (await Registry.VersionAsync(model, run)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var value = new string('x', 10_000_000);
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "k", value })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/log-parameter", new { run_id = run, key = "k", value })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/log-batch", new { run_id = run, tags = new[] { new { key = "k", value } } })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("experiments/set-experiment-tag", new { experiment_id = "0", key = "k", value })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/set-tag", new { name = model, key = "k", value })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("model-versions/set-tag", new { name = model, version, key = "k", value })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/create", new { name = RegistryClient.Unique("m"), tags = new[] { new { key = "k", value } } })).Refused("INVALID_PARAMETER_VALUE");
    }

    [Theory]
    [InlineData("name = 'x'; DROP TABLE runs")]
    [InlineData("name = 'x' OR 1=1")]
    [InlineData("name = 'x' --")]
    [InlineData("name = 'x' UNION SELECT * FROM runs")]
    [InlineData("name = (SELECT 1)")]
    [InlineData("1 = 1")]
    public async Task SQL_in_a_filter_is_refused(string filter)
    {
        (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { "0" }, filter })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("experiments/search", new { filter, max_results = 10 })).Refused("INVALID_PARAMETER_VALUE");
        foreach (var call in new[] { "registered-models/search", "model-versions/search" })
        {
            (await Registry.GetAsync($"{call}?filter={Uri.EscapeDataString(filter)}")).Refused("INVALID_PARAMETER_VALUE");
            (await Registry.GetAsync($"{call}?order_by={Uri.EscapeDataString(filter)}")).Refused("INVALID_PARAMETER_VALUE");
        }
    }

    [Fact]
    public async Task SQL_in_a_value_is_only_a_value()
    {
        var model = await Registry.ModelAsync();
        const string Value = "'; DROP TABLE runs; --";
        (await Registry.PostAsync("registered-models/set-tag", new { name = model, key = "k", value = Value })).Ok();
        (await Registry.GetAsync($"registered-models/search?filter={Uri.EscapeDataString("tags.k = \"" + Value + "\"")}")).Ok();
        (await Registry.GetAsync($"registered-models/search?filter={Uri.EscapeDataString("name LIKE \"%'; DELETE FROM runs --\"")}")).Ok();
        (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { "0" } })).Ok();
    }

    [Fact]
    public async Task A_symbolic_link_in_the_blobs_folder_is_no_blob()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making symbolic links needs a privilege on Windows");
        var hash = new string('a', 64);
        var folder = Directory.CreateDirectory(Path.Combine(app.DataFolder, "registry", "blobs", "aa")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, hash), "/etc/passwd");
        var (_, artifacts) = await Registry.RunAsync();
        (await Registry.UploadAsync($"{artifacts}/link", Encoding.UTF8.GetBytes("/etc/passwd"))).Ok();
        Assert.Equal("/etc/passwd", Encoding.UTF8.GetString(await Registry.DownloadAsync($"{artifacts}/link")));
        using var answer = await app.Client.GetAsync($"{Artifacts}blobs/aa/{hash}");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
