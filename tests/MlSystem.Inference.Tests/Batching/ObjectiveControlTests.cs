using MlSystem.Inference.Batching;

namespace MlSystem.Inference.Tests.Batching;

public sealed class ObjectiveControlTests
{
    private static readonly TimeSpan Objective = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void A_run_may_take_half_of_the_objective_while_answers_are_in_time()
    {
        var control = new ObjectiveControl(Objective);
        Answer(control, late: 0, windows: 5);
        Assert.Equal(0.01, control.RunSeconds, 1e-9);
    }

    /// <summary>One late answer of 128 is within one of a hundred, two are not.</summary>
    [Theory]
    [InlineData(1, 0.01)]
    [InlineData(2, 0.008)]
    public void More_than_one_of_a_hundred_late_answers_makes_runs_shorter(int late, double seconds)
    {
        var control = new ObjectiveControl(Objective);
        Answer(control, late, windows: 1);
        Assert.Equal(seconds, control.RunSeconds, 1e-9);
    }

    [Fact]
    public void Runs_never_vanish_and_come_back_slowly()
    {
        var control = new ObjectiveControl(Objective);
        Answer(control, late: 128, windows: 100);
        Assert.Equal(0.0005, control.RunSeconds, 1e-9);
        Answer(control, late: 0, windows: 1);
        Assert.Equal(0.001, control.RunSeconds, 1e-9);
        Answer(control, late: 0, windows: 100);
        Assert.Equal(0.01, control.RunSeconds, 1e-9);
    }

    private static void Answer(ObjectiveControl control, int late, int windows)
    {
        for (var window = 0; window < windows; window++)
        {
            for (var i = 0; i < 128; i++)
            {
                control.Answered(i < late ? 0.021 : 0.02);
            }
        }
    }
}
