using MlSystem.Contracts;

namespace MlSystem.Contracts.Tests;

public class TopicsTests
{
    [Fact]
    public void Topic_names_are_what_other_services_subscribe_to()
    {
        Assert.Equal(
            ["mlsystem.predictions", "mlsystem.feedback", "mlsystem.features", "mlsystem.registry", "mlsystem.alerts", "mlsystem.runs"],
            [Topics.Predictions, Topics.Feedback, Topics.Features, Topics.Registry, Topics.Alerts, Topics.Runs]);
    }
}
