using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Webhooks;

/// <summary>Each webhook has a lane of its own.</summary>
public sealed class WebhookLaneTests
{
    private const int Models = 12;

    [Fact]
    public async Task A_receiver_that_does_not_answer_delays_nobody_else_and_misses_nothing()
    {
        await using var app = await RegistryApp.StartAsync(null, ("Registry:Webhooks:TimeoutSeconds", "300"));
        await using var slow = await WebhookReceiver.StartAsync();
        await using var fast = await WebhookReceiver.StartAsync();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.Hold = released.Task;
        await HookAsync(app, slow);
        await HookAsync(app, fast);
        var names = await ModelsAsync(app);

        Assert.Equal(names, (await fast.WaitAsync(Models)).Select(Name));
        Assert.Equal(names[0], Name(Assert.Single(await slow.WaitAsync(1))));
        released.SetResult();
        Assert.Equal(names, (await slow.WaitAsync(Models)).Select(Name));
    }

    [Fact]
    public async Task What_is_tried_again_keeps_its_place()
    {
        await using var app = await RegistryApp.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = number => number <= 2 ? 500 : 200;
        await HookAsync(app, receiver);
        var names = await ModelsAsync(app);
        Assert.Equal([names[0], names[0], .. names], (await receiver.WaitAsync(Models + 2)).Select(Name));
    }

    private static async Task HookAsync(RegistryApp app, WebhookReceiver receiver) =>
        (await app.Registry.PostAsync("webhooks", new { name = RegistryClient.Unique("w"), url = receiver.Url, events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } })).Ok();

    private static async Task<List<string>> ModelsAsync(RegistryApp app)
    {
        var names = new List<string>();
        for (var i = 0; i < Models; i++)
        {
            names.Add(await app.Registry.ModelAsync());
        }

        return names;
    }

    private static string Name(Received received) => JsonElement.Parse(received.Body).GetProperty("data").GetProperty("name").GetString()!;
}
