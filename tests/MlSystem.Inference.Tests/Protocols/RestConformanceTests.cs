using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols;

[Collection(nameof(SharedServer))]
public sealed class RestConformanceTests(SharedServer shared)
{
    [Fact]
    public async Task Server_metadata_declares_the_extensions()
    {
        using var json = await GetAsync("/v2");
        var extensions = json.RootElement.GetProperty("extensions").EnumerateArray().Select(e => e.GetString());
        Assert.Equal(["binary_tensor_data", "model_repository", "statistics", "parameters", "feedback", "feature_lookup", "policy", "explain"], extensions);
    }

    [Theory]
    [InlineData("/v2/health/live")]
    [InlineData("/v2/health/ready")]
    [InlineData("/v2/models/linear/ready")]
    [InlineData("/v2/models/linear/versions/1/ready")]
    public async Task Health_is_true(string path)
    {
        using var json = await GetAsync(path);
        Assert.Contains(json.RootElement.EnumerateObject(), p => p.Value.ValueKind == JsonValueKind.True);
    }

    [Fact]
    public async Task Model_metadata_tells_tensors_and_join_keys()
    {
        using var json = await GetAsync("/v2/models/columns");
        Assert.Equal("columns", json.RootElement.GetProperty("name").GetString());
        Assert.Equal("1", json.RootElement.GetProperty("versions")[0].GetString());
        Assert.Equal("[-1,1]", json.RootElement.GetProperty("inputs")[0].GetProperty("shape").GetRawText());
        Assert.Equal("person_id", json.RootElement.GetProperty("properties").GetProperty("join_keys").GetString());
        Assert.Equal("people", json.RootElement.GetProperty("properties").GetProperty("feature_service").GetString());
    }

    [Theory]
    [InlineData("""{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6]}]}""")]
    [InlineData("""{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2,3],[4,5,6]]}]}""")]
    [InlineData("""{"inputs":[{"data":[[1,2,3],[4,5,6]],"datatype":"FP32","shape":[2,3],"name":"x"}]}""")]
    public async Task Infer_takes_flat_and_nested_data_in_any_field_order(string body)
    {
        using var json = await InferAsync("linear", body);
        var output = json.RootElement.GetProperty("outputs")[0];
        Assert.Equal("prediction", output.GetProperty("name").GetString());
        Assert.Equal("[2]", output.GetProperty("shape").GetRawText());
        Assert.Equal("[321,654]", output.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Answer_echoes_the_id_and_names_request_variant_and_version()
    {
        using var response = await PostAsync("linear", """{"id":"mine","parameters":{"priority":1,"timeout":5000000},"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,1,1]}]}""");
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("mine", json.RootElement.GetProperty("id").GetString());
        Assert.Equal("1", json.RootElement.GetProperty("model_version").GetString());
        Assert.Equal("champion", json.RootElement.GetProperty("parameters").GetProperty("variant").GetString());
        Assert.Equal(7, Guid.Parse(json.RootElement.GetProperty("parameters").GetProperty("request_id").GetString()!).Version);
        Assert.Equal("1", response.Headers.GetValues("X-Model-Version").Single());
        Assert.Equal("champion", response.Headers.GetValues("X-Variant").Single());
        Assert.True(response.Headers.Contains("X-Request-Id"));
    }

    [Fact]
    public async Task Every_datatype_survives_in_JSON()
    {
        using var json = await InferAsync("echo", Echo.Json());
        foreach (var (datatype, data) in Echo.Values)
        {
            var output = json.RootElement.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "out_" + datatype);
            Assert.Equal(datatype, output.GetProperty("datatype").GetString());
            Assert.Equal(data, output.GetProperty("data").GetRawText());
        }
    }

    [Fact]
    public async Task A_column_may_be_one_dimensional_and_null_is_missing()
    {
        using var json = await InferAsync("columns", """
            {"inputs":[{"name":"age","shape":[2],"datatype":"FP32","data":[1.5,2]},{"name":"income","shape":[2,1],"datatype":"FP64","data":[[null],[3]]},
            {"name":"plan","shape":[2],"datatype":"BYTES","data":["a","ü\u0041"]}]}
            """);
        Assert.Equal("""[[1.5,2],[null,3],["a","\u00FCA"]]""", $"[{string.Join(',', json.RootElement.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("data").GetRawText()))}]");
    }

    [Fact]
    public async Task Requested_outputs_come_in_the_order_asked()
    {
        using var json = await InferAsync("columns", """
            {"outputs":[{"name":"plan_out"},{"name":"age_out"}],"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]},{"name":"income","shape":[1],"datatype":"FP64","data":[1]},
            {"name":"plan","shape":[1],"datatype":"BYTES","data":["a"]}]}
            """);
        Assert.Equal(["plan_out", "age_out"], json.RootElement.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Binary_tensor_data_goes_both_ways()
    {
        var header = Encoding.UTF8.GetBytes("""{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}}]}""");
        var floats = new byte[24];
        Buffer.BlockCopy(new float[] { 1, 2, 3, 4, 5, 6 }, 0, floats, 0, 24);
        using var content = new ByteArrayContent([.. header, .. floats]);
        content.Headers.Add("Inference-Header-Content-Length", header.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await shared.Http.PostAsync("/v2/models/linear/infer", content);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        var length = int.Parse(response.Headers.GetValues("Inference-Header-Content-Length").Single(), System.Globalization.CultureInfo.InvariantCulture);
        using var json = JsonDocument.Parse(body.AsMemory(0, length));
        Assert.Equal(8, json.RootElement.GetProperty("outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal([321f, 654f], [BitConverter.ToSingle(body, length), BitConverter.ToSingle(body, length + 4)]);
    }

    [Fact]
    public async Task A_version_that_is_no_variant_is_loaded_on_first_use()
    {
        using var response = await shared.Http.PostAsync("/v2/models/linear/versions/2/infer", Json("""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,1,1]}]}"""));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("[1111]", json.RootElement.GetProperty("outputs")[0].GetProperty("data").GetRawText());
        Assert.Equal("direct", json.RootElement.GetProperty("parameters").GetProperty("variant").GetString());
    }

    [Theory]
    [InlineData("/v2/models/nothing/infer", "no endpoint 'nothing'")]
    [InlineData("/v2/models/linear/versions/99/infer", "no version 99")]
    [InlineData("/v2/models/linear/versions/x/infer", "versions are numbers")]
    public async Task An_unknown_model_or_version_is_404(string path, string message)
    {
        using var response = await shared.Http.PostAsync(path, Json("""{"inputs":[]}"""));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(message, await ErrorAsync(response), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v2/nonsense")]
    [InlineData("/v2/models/linear/nonsense")]
    public async Task An_unknown_path_answers_in_the_protocols_form(string path)
    {
        using var response = await shared.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.NotEmpty(await ErrorAsync(response));
    }

    [Fact]
    public async Task Index_and_statistics_list_what_is_served()
    {
        (await InferAsync("linear", """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6]}]}""")).Dispose();
        using var index = await shared.Http.PostAsync("/v2/repository/index", Json("""{"ready":true}"""));
        Assert.Contains("""{"name":"linear","version":"1","state":"READY","reason":""}""", await index.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var stats = await GetAsync("/v2/models/linear/stats");
        var model = stats.RootElement.GetProperty("model_stats")[0];
        Assert.True(model.GetProperty("inference_count").GetInt64() >= 2);
        Assert.True(model.GetProperty("inference_stats").GetProperty("success").GetProperty("count").GetInt64() >= 1);
        var two = model.GetProperty("batch_stats").EnumerateArray().Single(size => size.GetProperty("batch_size").GetInt32() == 2).GetProperty("compute_infer");
        Assert.True(two.GetProperty("count").GetInt64() >= 1 && two.GetProperty("ns").GetInt64() > 0);
    }

    [Fact]
    public async Task Metrics_have_Tritons_names()
    {
        (await InferAsync("linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}""")).Dispose();
        var text = await shared.Http.GetStringAsync("/metrics");
        foreach (var name in (string[])["nv_inference_request_success", "nv_inference_request_failure", "nv_inference_count", "nv_inference_exec_count", "nv_inference_pending_request_count",
            "nv_inference_request_duration_us", "nv_inference_queue_duration_us", "nv_inference_compute_input_duration_us", "nv_inference_compute_infer_duration_us", "nv_inference_compute_output_duration_us"])
        {
            Assert.Contains("\n" + name + "{", text, StringComparison.Ordinal);
        }
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<string> ErrorAsync(HttpResponseMessage response)
    {
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("error").GetString()!;
    }

    private Task<HttpResponseMessage> PostAsync(string model, string body) => shared.Http.PostAsync($"/v2/models/{model}/infer", Json(body));

    private async Task<JsonDocument> InferAsync(string model, string body)
    {
        using var response = await PostAsync(model, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text);
    }

    private async Task<JsonDocument> GetAsync(string path)
    {
        using var response = await shared.Http.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text);
    }
}
