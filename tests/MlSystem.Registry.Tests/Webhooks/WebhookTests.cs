using System.Net;
using MlSystem.Registry.Tests.Support;
using MlSystem.Registry.Webhooks;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Webhooks;

public sealed class WebhookTests
{
    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:db8::1", false)]
    public void Only_public_addresses_are_public(string address, bool expected) => Assert.Equal(expected, AddressRules.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://example.com/hook")]
    [InlineData("https://127.0.0.1/hook")]
    [InlineData("https://localhost/hook")]
    [InlineData("https://[::1]/hook")]
    [InlineData("https://192.168.1.1/hook")]
    [InlineData("https://2130706433/hook")]
    [InlineData("https://user:word@example.com/hook")]
    [InlineData("file:///etc/passwd")]
    [InlineData("not a url")]
    public async Task A_url_that_could_reach_inside_is_refused(string url)
    {
        await using var app = await RegistryApp.StartAsync(null, ("Registry:Webhooks:AllowPrivateAddresses", "false"), ("Registry:Webhooks:AllowHttp", "false"));
        (await app.Registry.PostAsync("webhooks", new { name = "w", url, events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } } })).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task A_name_that_leads_inside_is_found_out_when_the_connection_is_made()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var sender = new WebhookSender(Microsoft.Extensions.Options.Options.Create(new WebhookOptions { AllowHttp = true }), TimeProvider.System);
        var result = await sender.SendAsync(receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), null, "d", "{}", CancellationToken.None);
        Assert.Null(result.Status);
        Assert.Contains("no public address", result.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.All);
    }

    [Fact]
    public void Waits_grow_and_end_at_an_hour()
    {
        for (var attempt = 1; attempt <= 30; attempt++)
        {
            var expected = Math.Min(3600, Math.Pow(2, attempt - 1));
            Assert.InRange(WebhookDispatcher.Backoff(attempt, null).TotalSeconds, expected / 2, expected);
        }

        Assert.Equal(120, WebhookDispatcher.Backoff(1, TimeSpan.FromSeconds(120)).TotalSeconds);
        Assert.Equal(3600, WebhookDispatcher.Backoff(1, TimeSpan.FromDays(2)).TotalSeconds);
    }

    [Fact]
    public async Task A_delivery_outlives_a_kill()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        (string, string)[] settings = [("Registry__Webhooks__AllowPrivateAddresses", "true"), ("Registry__Webhooks__AllowHttp", "true")];
        var registry = new RegistryClient(http);
        string name;
        await using (var process = await RegistryProcess.StartAsync(http, folder.Path, settings))
        {
            (await registry.PostAsync("webhooks", new { name = "w", url = $"http://127.0.0.1:{port}/", secret = "s", events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } })).Ok();
            name = await registry.ModelAsync();
            await process.KillAsync();
        }

        await using var receiver = await WebhookReceiver.StartAsync(port);
        await using var again = await RegistryProcess.StartAsync(http, folder.Path, settings);
        var received = (await receiver.WaitAsync(1))[0];
        Assert.Contains(name, received.Body, StringComparison.Ordinal);
        Assert.NotNull(received.Signature);
    }
}
